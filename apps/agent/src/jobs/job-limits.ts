/** Tunables of the job runner, with the reason for each number. */
export const jobLimits = {
  /** Transfers at once: two keep a link full while one syncs to the disk. */
  replications: 2,
  /** The coordinator's lease on a taken job is renewed well before it ends. */
  renewMs: 15_000,
  /** How often a restore shows the panel how far it is. */
  progressMs: 2_000,
  /** Jobs are also asked for this often: a hint may get lost with the channel. */
  pollMs: 60_000,
  /** Ended jobs that are remembered, so that one which comes again is answered from memory. */
  remembered: 1_000,
} as const;
