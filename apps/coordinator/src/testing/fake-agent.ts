/** A device that does its jobs as an agent would, with real signatures and no bytes. For tests. */
import { createHash, randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { Job, JobTask, PackInfo, PackKind, SignedStatement, SnapshotStats } from '#libs/contracts';
import { signStatement } from '#libs/crypto';
import { PackBitmap } from '#libs/durability';
import type { PackId, VaultId } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import { packIdOf as rootPackId, rootCid } from '#libs/vault';
import type { Answer } from './test-client.ts';
import type { TestDevice } from './test-team.ts';

type ReplicateTask = Extract<JobTask, { kind: 'replicate' }>;

/** A pack id as real ones are (CIDv1, dag-pb, BLAKE3-256 of nothing in particular); the same text gives the same id. */
export function packIdOf(text: string): PackId {
  return rootPackId(rootCid('blake3', createHash('sha256').update(text).digest()));
}

export const someStats: SnapshotStats = {
  ...{ files: 10, directories: 2, bytes: 1000, readBytes: 1000, newFiles: 10, changedFiles: 0, unchangedFiles: 0 },
  ...{ newChunks: 10, newPackBytes: 900, newPacks: 3, errors: 0, durationMs: 1000 },
};

/** Deflated bitmap as a device sends it. */
export const neededPacks = (ordinals: Iterable<number>): string => toBase64Url(deflateSync(PackBitmap.fromOrdinals(ordinals).bytes));

export class FakeAgent {
  readonly device: TestDevice;
  readonly vaultId: VaultId = randomBytes(16).toString('hex') as VaultId;
  readonly packs: PackInfo[] = [];
  /** What it keeps for others. */
  readonly held = new Map<PackId, ReplicateTask>();
  #sequence = 0;

  constructor(device: TestDevice) {
    this.device = device;
  }

  newPacks(howMany: number, kind: PackKind = 'data', sizeBytes = 1000): PackInfo[] {
    const packs = Array.from({ length: howMany }, (_, n) => {
      const ordinal = this.packs.length + n;
      return { packId: packIdOf(`${this.vaultId}/${ordinal}`), ordinal, kind, sizeBytes };
    });
    this.packs.push(...packs);
    return packs;
  }

  async announce(packs: readonly PackInfo[]): Promise<Answer<{ code?: string }>> {
    return this.device.fresh().post('/agent/packs', { vaultId: this.vaultId, packs });
  }

  snapshotBody(ordinals: readonly number[], over: Record<string, unknown> = {}): Record<string, unknown> {
    this.#sequence += 1;
    return {
      ...{ vaultId: this.vaultId, sequence: this.#sequence, head: toBase64Url(randomBytes(40)), neededPacks: neededPacks(ordinals) },
      ...{ startedAtMs: 1, endedAtMs: 2, partial: false, stats: someStats },
      ...over,
    };
  }

  async commit(ordinals = this.packs.map((p) => p.ordinal), over: Record<string, unknown> = {}): Promise<void> {
    expectStatus(await this.device.fresh().post('/agent/snapshots', this.snapshotBody(ordinals, over)), 204);
  }

  async jobs(): Promise<Job[]> {
    return expectStatus(await this.device.fresh().get<Job[]>('/agent/jobs'), 200);
  }

  async report(jobId: string, body: unknown): Promise<Answer<{ code?: string }>> {
    return this.device.fresh().post(`/agent/jobs/${jobId}`, body);
  }

  receiptFor(task: ReplicateTask, over: Record<string, unknown> = {}): SignedStatement {
    const { packId, sizeBytes, vaultId, ownerDeviceId, generation } = task;
    const body = { packId, sizeBytes, vaultId, ownerDeviceId, generation, holderDeviceId: this.device.deviceId, atMs: 1, ...over };
    return signStatement('receipt', body, this.device.signing.secretKey);
  }

  /** Does every replicate job that is open. Returns how many. */
  async fetchAll(): Promise<number> {
    let done = 0;
    for (const { jobId, task } of await this.jobs()) {
      if (task.kind !== 'replicate') continue;
      expectStatus(await this.report(jobId, { state: 'taken' }), 204);
      expectStatus(await this.report(jobId, { state: 'done', receipt: this.receiptFor(task) }), 204);
      this.held.set(task.packId, task);
      done += 1;
    }
    return done;
  }

  async inventory(packIds: readonly PackId[] = [...this.held.keys()]): Promise<void> {
    const packs = packIds.map((packId) => {
      const { sizeBytes, vaultId, ownerDeviceId } = this.held.get(packId)!;
      return { packId, sizeBytes, vaultId, ownerDeviceId };
    });
    expectStatus(await this.device.fresh().post('/agent/inventory', { part: 0, last: true, packs }), 204);
  }
}

export function expectStatus<T>(answer: Answer<T>, status: number): T {
  if (answer.status !== status) throw new Error(`expected status ${status}, got ${answer.status}: ${answer.text}`);
  return answer.body;
}
