/** Tunables of a restore, with the reason for each number. */
export const restoreLimits = {
  /**
   * Files planned together: pack order is found within them, the next are planned while they are fetched, and those before come to their end. Some 3 KiB each, and what is
   * planned outlives several collections of garbage: 4,000 took 30 MiB more and no less time.
   */
  filesPerWindow: 1_200,
  /** The first files are planned while nothing else can be done yet, so they are few. */
  filesInFirstWindow: 1_000,
  /** Chunk places planned together: some 200 bytes each. */
  placesPerWindow: 32_000,
  /** Files that a writer has open within one run; the default limit of most systems is 1,024 a process. */
  openFiles: 64,
  /** Folders that a writer holds within one run: each takes a descriptor, and files of a folder mostly follow each other. */
  heldFolders: 32,
  /** Packs at the same time: as many holders can be read from. */
  parallelPacks: 4,
  /** Sealed bytes fetched in one request: four requests for a 32 MiB pack's lane keep a holder busy, and two for each lane are in memory. */
  runBytes: 4 * 1024 * 1024,
  /** A run with so many chunks ends with its block of 1 MiB: small files in a run of full length would keep one writer busy while the other has nothing to do. */
  chunksPerRun: 128,
  /**
   * Fetched, waiting for a writer, being opened or on their way to the disk, of all packs together: three for each of two writers (see `alignedRooms`), and three that are read
   * meanwhile. With five the writers had nothing to open for a third of the time. So much memory is kept for the next.
   */
  runsAtOnce: 9,
  /** Threads are started for at least so many files, or so many bytes: starting one takes some 100 ms. */
  threadsFromFiles: 200,
  threadsFromBytes: 16 * 1024 * 1024,
  /**
   * Threads start sooner while the heap may grow as it likes. With more files than this the plan grows it meanwhile: 20,000 took 49 MiB more at the peak.
   */
  fewFiles: 2_000,
  /** Files that are compared in one go with what is there. */
  filesPerCompare: 32,
  /** A dense file of at least this much content gets its room on the disk at once: one piece, and a full disk shows before the work. */
  preallocateBytes: 32 * 1024 * 1024,
  /**
   * A dense file of at least this much content goes past the page cache where the system can: copying it there costs as much as opening its seals. Smaller ones
   * are sooner looked at by somebody.
   */
  uncachedFromBytes: 16 * 1024 * 1024,
  /** Such files that a writer keeps open within one run, with two descriptors each; of more than a few, each stretch opens its own. */
  uncachedFiles: 8,
  /** Smaller chunks of such a file are written as usual: a call of its own for each is not worth it. */
  uncachedChunkBytes: 64 * 1024,
  /** For what is on its way there, in each writer: one is filled while the others are written. A run's chunks fit into one. */
  alignedRooms: 3,
  alignedRoomBytes: 4 * 1024 * 1024 + 256 * 1024,
  /** Half a file is kept for the next run from this size on; what is smaller is sooner fetched again than explained. */
  keepPartialBytes: 64 * 1024 * 1024,
  /** Bytes written after which the disk is asked to catch up, in the background: so that little is left to wait for at the end. */
  flushBytes: 256 * 1024 * 1024,
  /** Up to so many files and folders are made durable one by one; above, the whole file system is written out. */
  syncedOneByOne: 256,
  /** Of those at the same time: enough for the disk to sort them. */
  syncsAtOnce: 8,
  /** Bytes of a hole looked at in one read. */
  holeBytes: 256 * 1024,
  reportedProblems: 10_000,
} as const;
