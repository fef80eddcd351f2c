const dayMs = 24 * 60 * 60_000;

/** Tunables of the owner's releases, with the reason for each number. */
export const releaseLimits = {
  /**
   * An admin's cancel, or a refusal, says "keep": for so long their packs are not proposed again. As long as the coordinator keeps replaced heads,
   * with which what was cancelled can be restored.
   */
  keepAfterCancelMs: 45 * dayMs,
  /** Done proposals are remembered beyond their hold for so long, so that a prune which a crash cut off does not propose their packs twice. */
  keepDoneMs: 7 * dayMs,
  /** What a command waits at most for the coordinator to hear of releases; the daemon goes on with them. */
  patienceMs: 15_000,
} as const;
