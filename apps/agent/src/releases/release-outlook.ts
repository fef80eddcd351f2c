import type { Proposal } from './release-book.ts';

/** What becomes of the packs that this device proposed for release, as far as it is known here. */
export interface ReleaseOutlook {
  /** Not accepted yet: the coordinator was not reached, or waits until what replaces them is protected. */
  readonly packsNotAccepted: number;
  /** Unusual: nothing is deleted before an admin approves it. */
  readonly packsForAdmin: number;
  /** Why, in the coordinator's words. */
  readonly explanations: readonly string[];
  /** Accepted; holders keep them until the hold is over. */
  readonly packsInHold: number;
  /** No holder deletes any of them before; undefined when none is in hold, or an older coordinator does not say. */
  readonly holdUntilMs: number | undefined;
}

export function releaseOutlook(proposals: readonly Proposal[], nowMs: number): ReleaseOutlook {
  const packsOf = (some: readonly Proposal[]): number => some.reduce((sum, { packIds }) => sum + packIds.length, 0);
  const waiting = proposals.filter(({ state }) => state === 'waiting');
  const inHold = proposals.filter(
    ({ state, holdUntilMs, packIds }) =>
      packIds.length > 0 && (state === 'accepted' || (state === 'done' && holdUntilMs !== undefined && holdUntilMs > nowMs)),
  );
  const ends = inHold.flatMap(({ holdUntilMs }) => holdUntilMs ?? []);
  return {
    packsNotAccepted: packsOf(proposals.filter(({ state }) => state === 'new')),
    packsForAdmin: packsOf(waiting),
    explanations: [...new Set(waiting.flatMap(({ explanation }) => explanation ?? []))],
    packsInHold: packsOf(inHold),
    holdUntilMs: ends.length > 0 ? Math.min(...ends) : undefined,
  };
}
