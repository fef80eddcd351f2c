/** Tunables of a restore, with the reason for each number. */
export const restoreLimits = {
  /** Files planned together: pack order is found within them. Some 1 KiB each. */
  filesPerWindow: 20_000,
  /** Chunk places planned together: some 200 bytes each. */
  placesPerWindow: 100_000,
  /** Files open for writing at the same time; the default limit of most systems is 1,024 a process. */
  openFiles: 192,
  parallelPacks: 3,
  reportedProblems: 10_000,
  /** Bytes read at once when a file is read back. */
  verifyBytes: 4 * 1024 * 1024,
} as const;
