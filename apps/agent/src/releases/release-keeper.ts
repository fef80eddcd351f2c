import { maxPacksPerRelease, type OwnRelease, type OwnReleases } from '#libs/contracts';
import { signRelease } from '#libs/crypto';
import { isAppError, Mutex, type PackId, toBase64Url } from '#libs/kernel';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { type AgentLog, errorFields } from '../log/agent-log.ts';
import type { NewHead, ReleasePort, ReleaseProposal } from './release-proposal.ts';
import type { Proposal, ReleaseBook } from './release-book.ts';
import { releaseLimits } from './release-limits.ts';
import { type ReleaseOutlook, releaseOutlook } from './release-outlook.ts';
import type { SigningOwner } from './signing-owner.ts';

export interface ReleaseKeeperPorts extends SigningOwner {
  readonly coordinator: Pick<CoordinatorClient, 'putVaultHead' | 'submitRelease' | 'ownReleases'>;
  readonly book: ReleaseBook;
  /** The own pack store. */
  readonly own: { delete(packId: PackId): Promise<void> };
  /** Whether the vault's present index names a pack: such a pack is never removed here, whatever was proposed. */
  readonly inUse: (packIds: readonly PackId[]) => Promise<ReadonlySet<PackId>>;
  readonly log: AgentLog;
}

/** Refusals after which a new statement may be accepted, or the same one later. */
const laterCodes: readonly unknown[] = ['release_too_early', 'release_head_missing'];

/**
 * The owner's half of deleting: signs releases for what forget and prune propose, follows what becomes of them, and removes
 * own copies only of packs whose release the coordinator has countersigned.
 */
export class ReleaseKeeper implements ReleasePort {
  readonly #ports: ReleaseKeeperPorts;
  readonly #working = new Mutex();
  readonly #listeners = new Set<() => void>();

  constructor(ports: ReleaseKeeperPorts) {
    this.#ports = ports;
  }

  /** Told when there is something to deliver. */
  onProposed(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async headChanged(head: NewHead): Promise<void> {
    await this.#propose(head, [], 'retention');
  }

  async releasePacks({ head, packIds, reason }: ReleaseProposal): Promise<void> {
    const before = this.#ports.book.proposed();
    const fresh = [...new Set(packIds)].filter((packId) => !before.has(packId));
    await this.#propose(head, fresh, reason);
  }

  /** Proposals that the coordinator has not accepted, for status. */
  get waiting(): number {
    return this.#ports.book.inState('new', 'waiting').filter((one) => one.packIds.length > 0).length;
  }

  /** What becomes of everything that was proposed. */
  outlook(): ReleaseOutlook {
    return releaseOutlook(this.#ports.book.all(), this.#ports.nowMs());
  }

  /**
   * Packs whose release was cancelled or refused so long ago, see {@link releaseLimits}, that {@link releasePacks} takes them again; also those that it
   * would have taken since and was not asked to.
   */
  async lapse(): Promise<ReadonlySet<PackId>> {
    const { book, nowMs } = this.#ports;
    for (const one of book.inState('cancelled', 'refused')) {
      // Ended before this was noted: its time begins now.
      if (one.endedAtMs === undefined) await book.put({ ...one, endedAtMs: nowMs() });
      else if (nowMs() - one.endedAtMs >= releaseLimits.keepAfterCancelMs) await book.put({ ...one, state: 'lapsed' });
    }
    const standing = new Set(book.all().flatMap(({ state, packIds }) => (state === 'lapsed' ? [] : packIds)));
    await this.#forgetEnded(standing);
    return new Set(book.inState('lapsed').flatMap(({ packIds }) => packIds.filter((packId) => !standing.has(packId))));
  }

  /** Tells the coordinator what is new, learns what became of the rest. Throws what its client throws for a passing trouble. */
  async deliver(signal: AbortSignal): Promise<void> {
    await this.#working.run(async () => {
      const { book, coordinator } = this.#ports;
      if (book.inState('new', 'waiting', 'accepted').length === 0) return;
      for (const proposal of book.inState('new')) await this.#sendHead(proposal, signal);
      for (const { number } of book.inState('new', 'waiting')) {
        signal.throwIfAborted();
        const own = await coordinator.ownReleases(signal);
        // As it is after those before it were advanced.
        const proposal = book.inState('new', 'waiting').find((one) => one.number === number);
        if (proposal) await this.#advance(proposal, own, signal);
      }
      for (const proposal of book.inState('accepted')) await this.#removeOwn(proposal, signal);
    });
  }

  /**
   * What is over for long: its packs are neither here nor on any list of what is on its way out, so nobody proposes them again. A lapsed
   * proposal is over once its packs were proposed anew; a head without packs at once.
   */
  async #forgetEnded(standing: ReadonlySet<PackId>): Promise<void> {
    const { book, nowMs } = this.#ports;
    for (const one of book.inState('lapsed')) if (one.packIds.every((packId) => standing.has(packId))) await book.remove(one.number);
    for (const one of book.inState('done')) {
      const overAtMs = Math.max(one.endedAtMs ?? nowMs(), one.holdUntilMs ?? 0);
      if (one.packIds.length === 0 || nowMs() - overAtMs >= releaseLimits.keepDoneMs) await book.remove(one.number);
      else if (one.endedAtMs === undefined) await book.put({ ...one, endedAtMs: nowMs() });
    }
  }

  async #propose(head: NewHead, packIds: readonly PackId[], reason: Proposal['reason']): Promise<void> {
    const { book } = this.#ports;
    const needs = head.needs.map(({ sequence, neededPacks }) => ({ sequence, neededPacks: toBase64Url(neededPacks) }));
    const packed = { bytes: toBase64Url(head.bytes), needs };
    for (let at = 0; at === 0 || at < packIds.length; at += maxPacksPerRelease) {
      const part = packIds.slice(at, at + maxPacksPerRelease);
      await book.add({ head: at === 0 ? packed : null, headSequence: head.sequence, packIds: part, reason });
    }
    for (const listener of this.#listeners) listener();
  }

  async #sendHead(proposal: Proposal, signal: AbortSignal): Promise<void> {
    if (!proposal.head) return;
    const { bytes, needs } = proposal.head;
    try {
      await this.#ports.coordinator.putVaultHead({ vaultId: this.#ports.vaultId, head: bytes, needs }, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#ports.log.write('error', 'the coordinator refused the head after forget or prune', errorFields(error));
      await this.#ports.book.put({ ...proposal, head: null, state: 'refused', endedAtMs: this.#ports.nowMs() });
      return;
    }
    await this.#ports.book.put({ ...proposal, head: null, state: proposal.packIds.length === 0 ? 'done' : 'new' });
  }

  async #advance(proposal: Proposal, own: OwnReleases, signal: AbortSignal): Promise<void> {
    const { book, coordinator, log } = this.#ports;
    const known = own.releases.find((one) => one.releaseId === proposal.releaseId);
    if (known) return this.#became(proposal, known);
    // One that waited and that the coordinator knows no more (it was restored from before) is signed anew.
    const signed = proposal.state === 'new' && proposal.statement ? proposal : await this.#sign(proposal, own);
    try {
      await this.#became(signed, await coordinator.submitRelease({ release: signed.statement! }, signal));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const code = isAppError(error) ? error.context['problem'] : undefined;
      if (laterCodes.includes(code)) return;
      if (code === 'release_replayed') return book.put({ ...signed, statement: null, releaseId: null });
      log.write('error', 'the coordinator refused a release; its packs are kept', { packs: signed.packIds.length, ...errorFields(error) });
      await book.put({ ...signed, state: 'refused', endedAtMs: this.#ports.nowMs() });
    }
  }

  /** On the disk before it is sent. */
  async #sign(proposal: Proposal, { lastSequence, generation }: OwnReleases): Promise<Proposal> {
    const { book, teamId, deviceId, vaultId, signingSecretKey, newId, nowMs } = this.#ports;
    const { headSequence, packIds, reason } = proposal;
    const releaseId = newId();
    const body = {
      ...{ teamId, releaseId, vaultId, ownerDeviceId: deviceId, releaseSequence: lastSequence + 1, headSequence, generation },
      ...{ reason, packIds, atMs: nowMs() },
    };
    const signed: Proposal = { ...proposal, state: 'new', releaseId, statement: signRelease(body, signingSecretKey) };
    await book.put(signed);
    return signed;
  }

  async #became(proposal: Proposal, { state, holdUntilMs, explanation }: OwnRelease): Promise<void> {
    const { book, log, nowMs } = this.#ports;
    const next = { waiting: 'waiting', holding: 'accepted', done: 'accepted', cancelled: 'cancelled' } as const;
    if (next[state] === proposal.state) return;
    await book.put({
      ...proposal,
      state: next[state],
      ...(typeof holdUntilMs === 'number' && { holdUntilMs }),
      ...(explanation !== undefined && { explanation }),
      ...(state === 'cancelled' && { endedAtMs: nowMs() }),
      ...(state === 'waiting' ? {} : { statement: null }),
    });
    if (state === 'waiting') log.write('warn', 'a release is unusual and waits for an admin', { packs: proposal.packIds.length });
  }

  async #removeOwn(proposal: Proposal, signal: AbortSignal): Promise<void> {
    const { own, inUse, book, log, nowMs } = this.#ports;
    const used = await inUse(proposal.packIds);
    if (used.size > 0) log.write('error', 'released packs are in use again; the own copies stay', { packs: used.size });
    for (const packId of proposal.packIds) {
      signal.throwIfAborted();
      if (!used.has(packId)) await own.delete(packId);
    }
    await book.put({ ...proposal, state: 'done', endedAtMs: nowMs() });
  }
}

const isRefusal = (error: unknown): boolean => isAppError(error, 'coordinator_refused') && error.status === 'permanent';
