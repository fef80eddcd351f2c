/** Tunables of trims on the owner's side, with the reason for each number. */
export const trimLimits = {
  /** Packs looked at in one go: each costs a block from three holders or more. */
  packsPerLook: 100,
  /** What one holder may take to give a block of one pack; one that is slower is asked another day. */
  patienceMs: 30_000,
  /**
   * A pack of which too few holders showed a block is not looked at again before, twice as long after each time: whoever has just woken does not
   * reach everybody at once.
   */
  firstRefusedMs: 60_000,
  /** At most once in so long in the end: whoever asks every minute must not make this device fetch blocks all day. */
  refusedMs: 20 * 60 * 60_000,
} as const;
