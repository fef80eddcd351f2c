const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** When a device that is not heard of changes state: silence since its last sign of life, milliseconds. */
export interface SilenceThresholds {
  readonly asleepAfterMs: number;
  readonly overdueAfterMs: number;
  readonly suspectAfterMs: number;
  readonly missingAfterMs: number;
  readonly lostAfterMs: number;
}

/** Every number that the rules use. A demo or a simulation passes its own; production passes {@link defaultDurabilitySettings}. */
export interface DurabilitySettings {
  readonly silence: { readonly workstation: SilenceThresholds; readonly anchor: SilenceThresholds };
  /** Copies that a replica counts for, by what is believed of its holder. */
  readonly weights: { readonly sound: number; readonly doubtful: number; readonly gone: number };
  readonly placement: {
    /** Index packs (and with them the vault's way in) go to this many others and to every anchor. */
    readonly indexCopies: number;
    /** Score factor of a candidate at the owner's site against one elsewhere: transfers there cost no wide-area link. */
    readonly sameSiteFactor: number;
    readonly otherSiteFactor: number;
    /** Draws before falling back to looking at every candidate. */
    readonly draws: number;
  };
  readonly breaker: { readonly windowMs: number; readonly share: number; readonly atLeast: number };
  readonly repair: { readonly maxAssignments: number; readonly maxSources: number };
}

export const defaultDurabilitySettings: DurabilitySettings = {
  silence: {
    workstation: {
      // Three missed heartbeats of 60 s: a closed lid, nothing to tell anybody.
      asleepAfterMs: 3 * minute,
      // A working day without a sign: no new packs, since nobody knows when it will fetch them.
      overdueAfterMs: 24 * hour,
      // A working week: half believed, so that repair starts while there still is something to copy from.
      suspectAfterMs: 5 * day,
      // Longer than most holidays; the person can say "away until" beforehand.
      missingAfterMs: 14 * day,
      lostAfterMs: 30 * day,
    },
    anchor: {
      asleepAfterMs: 3 * minute,
      // An anchor never sleeps: silence is a fault at once.
      overdueAfterMs: 15 * minute,
      suspectAfterMs: 12 * hour,
      missingAfterMs: 24 * hour,
      lostAfterMs: 30 * day,
    },
  },
  weights: { sound: 1, doubtful: 0.5, gone: 0 },
  placement: { indexCopies: 5, sameSiteFactor: 1, otherSiteFactor: 0.8, draws: 12 },
  // A power cut takes a third of an office within minutes; three is the smallest number that looks like a pattern.
  breaker: { windowMs: 10 * minute, share: 0.3, atLeast: 3 },
  // One plan stays small enough to be carried out before its view of the world is old.
  repair: { maxAssignments: 2000, maxSources: 8 },
};
