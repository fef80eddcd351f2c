/** Tunables of a backup, with the reason for each number. */
export const backupLimits = {
  /** Files read into one batch: one look-up and one hand-over for all of them. */
  filesPerBatch: 128,
  /** Bytes of a batch: enough to keep a worker busy for some 10 ms, little against the memory bound. */
  batchBytes: 8 * 1024 * 1024,
  /** A file above this is streamed alone; below, it is read whole. */
  wholeFileBytes: 4 * 1024 * 1024,
  /** Bytes read at once from a streamed file. The buffer holds this and one chunk more. */
  streamBytes: 4 * 1024 * 1024,
  /** A file from this size on may be shared out while it is sealed: below, what a part costs beside its bytes is more than it spares. */
  sharedFileBytes: 32 * 1024 * 1024,
  /** No part begins with less than this left to seal for whoever had all of it. Two threads then end within 10 ms of each other or so. */
  partBytes: 8 * 1024 * 1024,
  /**
   * Average chunks that are cut once more before a part that begins anywhere: two ways to cut the same bytes meet at every second or third chunk. Where they have
   * not met, the gap is cut when all parts are done.
   */
  resyncChunks: 8,
  /** Batches that may wait for a worker; the scan stops while they do. */
  batchesAhead: 4,
  /** Packs that are not full are sealed after this long, so that an interrupted slow run loses little. */
  openPackMs: 5 * 60_000,
  /** Packs that are made durable at the same time: while one waits for the disk the next can be handed over. Their bytes are in files. */
  packsInFlight: 4,
  /** Sealing threads unless told otherwise, but never more than cores: beyond four a laptop only gets hot. */
  workers: 4,
  /** Threads are started when this much is to be read: less is done before they would be ready (100 ms each), and without their memory. */
  workersFromBytes: 32 * 1024 * 1024,
  /** What opening and recording one small file costs, in bytes that could be read instead. */
  fileCostBytes: 16 * 1024,
  /** Memory of a backup without its sealing threads, and of each thread; measured as resident set, rounded up. For the memory budget. */
  mainMemoryBytes: 140 * 1024 * 1024,
  workerMemoryBytes: 64 * 1024 * 1024,
  /** Heap of a sealing thread in MiB: it holds batches of paths and chunk ids, never file content. */
  workerHeapMiB: 192,
  /**
   * Young part of it. With 3, three semi-spaces of 1 MiB, a tenth of a thread's time with small files went into collecting what soon was garbage: 50,000 of them take 0.94 of that time with 16,
   * at the same peak. Large files, of which a thread makes few objects, take 1.02 to 1.04 of it.
   */
  workerYoungMiB: 16,
  /** More ranges than this and the file is stored dense: holes compress to almost nothing anyway. */
  sparseRanges: 20_000,
  /** Progress is looked at this often, also while nothing else happens in this thread. */
  progressTickMs: 250,
  /** Problems and notes kept for the report; all are counted. */
  reportedProblems: 10_000,
  /**
   * The kernel stamps times at its tick (1 to 10 ms): a file written after it was read can carry the same time as before.
   * So a file changed less than this ago is read only once that time is over.
   */
  racyMs: 20,
} as const;
