/** Tunables of a backup, with the reason for each number. */
export const backupLimits = {
  /** Files read into one batch: one look-up and one hand-over for all of them. */
  filesPerBatch: 128,
  /** Bytes of a batch: enough to keep a worker busy for some 10 ms, little against the memory bound. */
  batchBytes: 8 * 1024 * 1024,
  /** A file above this is streamed alone; below, it is read whole. */
  wholeFileBytes: 4 * 1024 * 1024,
  /** Bytes read at once from a streamed file. The buffer holds this and one chunk more. */
  streamBytes: 8 * 1024 * 1024,
  /** Batches that may wait for a worker; the scan stops while they do. */
  batchesAhead: 4,
  /** Packs that are not full are sealed after this long, so that an interrupted slow run loses little. */
  openPackMs: 5 * 60_000,
  /** Packs on their way to the disk beside those being filled: 32 MiB each. */
  packsInFlight: 2,
  /** More ranges than this and the file is stored dense: holes compress to almost nothing anyway. */
  sparseRanges: 20_000,
  /** Problems and notes kept for the report; all are counted. */
  reportedProblems: 10_000,
  /**
   * The kernel stamps times at its tick (1 to 10 ms): a file written after it was read can carry the same time as before.
   * So a file changed less than this ago is read only once that time is over.
   */
  racyMs: 20,
} as const;
