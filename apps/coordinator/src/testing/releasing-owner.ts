/** A fake agent's vault with real heads and real releases, for the tests of how things are deleted. */
import { randomUUID } from 'node:crypto';
import type { OwnRelease, OwnReleases, Release, SignedStatement } from '#libs/contracts';
import { signRelease } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import type { HeadIndexPack } from '#libs/vault';
import { encodeHead } from '#libs/vault';
import type { FakeAgent } from './fake-agent.ts';
import { expectStatus, neededPacks } from './fake-agent.ts';
import type { Answer } from './test-client.ts';
import type { StorageTeam } from './storage-team.ts';

export class ReleasingOwner {
  readonly agent: FakeAgent;
  readonly #storage: StorageTeam;
  headSequence = 1;
  snapshots: number[] = [];
  indexPacks: HeadIndexPack[] = [];
  #releaseSequence = 0;

  constructor(storage: StorageTeam, agent: FakeAgent) {
    this.#storage = storage;
    this.agent = agent;
  }

  /** The head as it stands, signed by the device. */
  head(over: { readonly snapshots?: readonly number[]; readonly sequence?: number } = {}): string {
    const { vaultId, device } = this.agent;
    const snapshots = over.snapshots ?? this.snapshots;
    const indexPacks =
      this.indexPacks.length > 0 || snapshots.length === 0
        ? this.indexPacks
        : [{ packId: this.agent.packs[0]!.packId, ordinal: this.agent.packs[0]!.ordinal, sizeBytes: 1000 }];
    const head = {
      ...{ vaultId, sequence: over.sequence ?? this.headSequence, writtenAtMs: 1, indexPacks },
      snapshots: snapshots.map((sequence) => {
        const place = { pack: 0, offset: 58, sealedLength: 100, plainLength: 84 };
        return { sequence, ...place, recordId: new Uint8Array(32).fill(sequence) };
      }),
      ...{ live: { count: 0, digest: new Uint8Array(32) }, nextOrdinal: this.agent.packs.length, previousHead: undefined },
    };
    return toBase64Url(encodeHead(head, device.signing));
  }

  /** A snapshot that needs these packs (ordinals), with a head that lists it. */
  async backUp(ordinals: readonly number[], over: Record<string, unknown> = {}): Promise<void> {
    const body = this.agent.snapshotBody(ordinals);
    this.headSequence += 1;
    this.snapshots.push(body['sequence'] as number);
    expectStatus(await this.agent.device.fresh().post('/agent/snapshots', { ...body, head: this.head(), ...over }), 204);
  }

  /** Drops snapshots from the head and tells the coordinator. */
  async forget(
    sequences: readonly number[],
    needs: readonly { readonly sequence: number; readonly ordinals: readonly number[] }[] = [],
  ): Promise<Answer<{ code?: string }>> {
    this.headSequence += 1;
    this.snapshots = this.snapshots.filter((s) => !sequences.includes(s));
    const restated = needs.map(({ sequence, ordinals }) => ({ sequence, neededPacks: neededPacks(ordinals) }));
    return this.putHead({ needs: restated });
  }

  putHead(over: Record<string, unknown> = {}): Promise<Answer<{ code?: string }>> {
    return this.agent.device.fresh().put('/agent/vault/head', { vaultId: this.agent.vaultId, head: this.head(), needs: [], ...over });
  }

  body(packIds: readonly PackId[], over: Partial<Release> = {}): Release {
    const { vaultId, device } = this.agent;
    this.#releaseSequence += 1;
    return {
      ...{ teamId: this.#storage.team.keys.teamId, releaseId: randomUUID(), vaultId, ownerDeviceId: device.deviceId },
      ...{ releaseSequence: this.#releaseSequence, headSequence: this.headSequence, generation: 0, reason: 'retention' },
      ...{ packIds: [...packIds], atMs: 1 },
      ...over,
    };
  }

  sign(packIds: readonly PackId[], over: Partial<Release> = {}): SignedStatement {
    return signRelease(this.body(packIds, over), this.agent.device.signing.secretKey);
  }

  submit(release: SignedStatement): Promise<Answer<OwnRelease & { code?: string }>> {
    return this.agent.device.fresh().post('/agent/releases', { release });
  }

  async own(): Promise<OwnReleases> {
    return expectStatus(await this.agent.device.fresh().get<OwnReleases>('/agent/releases/own'), 200);
  }
}
