/** An owner with packs at colleagues, some of which it may want to give up. For the tests of releases. */
import type { HeldReleases, ReleaseStatements, ReleaseView, SignedStatement } from '#libs/contracts';
import { ownRelease, pageOf, releaseView } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import type { FakeAgent } from './fake-agent.ts';
import { expectStatus } from './fake-agent.ts';
import { ReleasingOwner } from './releasing-owner.ts';
import type { StorageTeam } from './storage-team.ts';
import { startStorageTeam } from './storage-team.ts';
import type { TestClient } from './test-client.ts';

export const dayMs = 86_400_000;
export const nonce = toBase64Url(new Uint8Array(32).fill(4));

export class ReleasesTeam {
  storage: StorageTeam;
  readonly owner: ReleasingOwner;
  readonly holders: FakeAgent[];

  private constructor(storage: StorageTeam) {
    const [first, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    this.storage = storage;
    this.holders = others;
    this.owner = new ReleasingOwner(storage, first);
  }

  /** 16 packs at every colleague, the first one the index; snapshot 1 needs all, snapshot 2 does without numbers 1 and 2. */
  static async start(): Promise<ReleasesTeam> {
    const team = new ReleasesTeam(await startStorageTeam(4));
    const { owner } = team;
    await owner.agent.announce(owner.agent.newPacks(16));
    const all = owner.agent.packs.map((p) => p.ordinal);
    await owner.backUp(all);
    await owner.backUp(all.filter((ordinal) => ordinal === 0 || ordinal > 2));
    await team.storage.replicate();
    return team;
  }

  admin(): Promise<TestClient> {
    return this.storage.team.people('admin');
  }

  packIds(...ordinals: number[]): PackId[] {
    return ordinals.map((ordinal) => this.owner.agent.packs[ordinal]!.packId);
  }

  /** What snapshot 2 does without. */
  released(): PackId[] {
    return this.packIds(1, 2);
  }

  everything(): PackId[] {
    return this.owner.agent.packs.map((p) => p.packId);
  }

  async list(query = ''): Promise<ReleaseView[]> {
    return pageOf(releaseView).parse(expectStatus(await (await this.admin()).get(`/releases${query}`), 200)).items;
  }

  /** The one release that there is. */
  async only(): Promise<ReleaseView> {
    const [view, ...more] = await this.list();
    if (!view || more.length > 0) throw new Error(`there are ${view ? 1 + more.length : 0} releases, not one`);
    return view;
  }

  async held(holder: FakeAgent): Promise<HeldReleases['releases']> {
    return expectStatus(await holder.device.fresh().get<HeldReleases>('/agent/releases'), 200).releases;
  }

  async statements(holder: FakeAgent, id: string): Promise<ReleaseStatements> {
    return expectStatus(await holder.device.fresh().get<ReleaseStatements>(`/agent/releases/${id}`), 200);
  }

  confirm(holder: FakeAgent, id: string) {
    return holder.device.fresh().post<SignedStatement & { code?: string }>(`/agent/releases/${id}/confirm`, { nonce });
  }

  async snapshots(): Promise<number[]> {
    return expectStatus(await (await this.admin()).get(`/devices/${this.owner.agent.device.deviceId}/snapshots`), 200).items.map(
      (s: { sequence: number }) => s.sequence,
    );
  }

  /** Of the audit log, the newest first. */
  async actions(): Promise<string[]> {
    return expectStatus(await (await this.admin()).get('/audit-log?pageSize=50&order=desc'), 200).items.map(
      (e: { action: string }) => e.action,
    );
  }

  keys() {
    return {
      teamId: this.storage.team.keys.teamId,
      ownerKey: this.owner.agent.device.signing.publicKey,
      rootKey: this.storage.team.keys.root.publicKey,
      coordinatorKey: fromBase64Url(this.storage.coordinator.get(CoordinatorIdentity).publicKey),
    };
  }

  /** A holiday from which everybody comes back. */
  async passDays(days: number): Promise<void> {
    await this.storage.coordinator.clock.advance(days * dayMs);
    await this.storage.round();
    // A sweep may have seen them as missing meanwhile: what they hold counts again once they name it.
    for (const holder of this.holders) await holder.inventory();
    await this.storage.round();
  }

  /** The retention rules want nothing but the newest, so that forgetting is housekeeping. */
  async keepOnlyLast(): Promise<void> {
    const client = await this.admin();
    const { team } = expectStatus(await client.get('/policies/team'), 200);
    const retention = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    expectStatus(await client.put('/policies/team', { ...team, retention }), 200);
  }

  /** Snapshot 1 is forgotten and its packs are released, as the retention rules want it. Returns the release. */
  async housekeeping(): Promise<string> {
    await this.keepOnlyLast();
    expectStatus(await this.owner.forget([1]), 204);
    const { releaseId, state } = ownRelease.parse(expectStatus(await this.owner.submit(this.owner.sign(this.released())), 200));
    if (state !== 'holding') throw new Error(`the release is ${state}`);
    return releaseId;
  }
}
