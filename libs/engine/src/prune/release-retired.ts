import type { PackId } from '#libs/kernel';
import { systemClock } from '#libs/kernel';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { RetiredPack } from '../local-vault/retired-packs.ts';

/** Where retired packs are proposed for release. Deleting, here or at holders, is its doing, after the release was accepted. */
export interface RetiredPackPort {
  /** Whether enough other machines hold the pack. */
  isProtected(packId: PackId): boolean;
  /**
   * Proposes that these packs may be deleted. Returns those whose proposal is recorded; others are proposed again the next time. Asking twice
   * changes nothing.
   */
  releasePacks(packs: readonly RetiredPack[]): Promise<Iterable<PackId>>;
  /**
   * Packs whose recorded proposal came to nothing, and that may be proposed once more. What stands in for them was protected when they were proposed
   * first, so nothing is waited for again.
   */
  mayComeAgain?(): Promise<ReadonlySet<PackId>>;
}

export interface ReleaseReport {
  /** Recorded in this run. */
  readonly released: readonly RetiredPack[];
  /** What stands in for them is not on enough other machines yet, or the proposal could not be recorded. */
  readonly waiting: readonly RetiredPack[];
  /** Recorded, and still on this disk. */
  readonly leaving: readonly RetiredPack[];
  /** Were on the list and are not on this disk any more. */
  readonly gone: readonly RetiredPack[];
}

/**
 * Lets retired packs go: each is proposed once everything that the head has instead is protected, and stays on the list until it
 * is gone from this disk. Killed anywhere, the next run goes on from there.
 */
export async function releaseRetired(vault: LocalVault, port: RetiredPackPort): Promise<ReleaseReport> {
  const retired = await vault.retiredPacks();
  const gone = new Set<string>();
  for (const { packId, releasedAtMs } of retired)
    if (releasedAtMs !== undefined && !(await vault.options.store.has(packId))) gone.add(packId);
  const settled = settledPacks(retired, port);
  const again: ReadonlySet<PackId> = (await port.mayComeAgain?.()) ?? new Set();
  const ready = retired.filter(({ packId, releasedAtMs, waitsFor }) =>
    releasedAtMs === undefined ? waitsFor.every(settled) : again.has(packId) && !gone.has(packId),
  );
  const recorded = new Set<string>(ready.length > 0 ? await port.releasePacks(ready) : []);
  const releasedAtMs = (vault.options.clock ?? systemClock).nowMs();
  if (recorded.size + gone.size > 0)
    await vault.updateRetired((packs) =>
      packs
        .filter(({ packId }) => !gone.has(packId))
        // Nobody will ever hold again what is gone: who waited for it has the others to wait for.
        .map((one) => ({ ...one, waitsFor: one.waitsFor.filter((packId) => !gone.has(packId)) }))
        .map((one) => (recorded.has(one.packId) ? { ...one, releasedAtMs } : one)),
    );
  const isRecorded = (one: RetiredPack): boolean => one.releasedAtMs !== undefined || recorded.has(one.packId);
  return {
    released: ready.filter(({ packId }) => recorded.has(packId)),
    waiting: retired.filter((one) => !isRecorded(one)),
    leaving: retired.filter((one) => isRecorded(one) && !gone.has(one.packId)),
    gone: retired.filter(({ packId }) => gone.has(packId)),
  };
}

/** A pack that retired meanwhile is as good as what stands in for it. */
function settledPacks(retired: readonly RetiredPack[], port: RetiredPackPort): (packId: PackId) => boolean {
  const byId = new Map(retired.map((one) => [one.packId, one]));
  const answers = new Map<PackId, boolean>();
  const settled = (packId: PackId): boolean => {
    const known = answers.get(packId);
    if (known !== undefined) return known;
    answers.set(packId, false);
    const own = byId.get(packId);
    const answer = own ? own.releasedAtMs !== undefined || own.waitsFor.every(settled) : port.isProtected(packId);
    answers.set(packId, answer);
    return answer;
  };
  return settled;
}
