/** Tunables of a scan, with the reason for each number. Measured in docs/adr/0026. */
export const scanLimits = {
  /** Looks at names for at most this long before others of this thread get a turn. */
  turnMs: 8,
  /**
   * A folder that takes at most this much is listed in this thread: a trip through the thread pool costs eight times as much as listing five names, and the walk would
   * wait for it. Some 1,500 names on ext4, which take a millisecond. Larger ones would hold up everybody else.
   */
  smallFolderBytes: 64 * 1024,
  /** A call that takes longer has waited for a disk: from memory a look takes 2 µs, and a listing 10 µs and 0.6 a name. */
  slowCallMs: 0.2,
  /** What a name may add to that for a listing. */
  slowNameMs: 0.004,
  /** Looking ahead begins when waiting took this part of the time: below it there is little to gain. */
  slowShare: 1 / 4,
  /** And when this many calls waited: one may be a disk that had to start up, or a system that does not say how busy it is. */
  slowCalls: 4,
  /** Time between two decisions: long against calls that were held up, short against a scan. */
  windowMs: 100,
  /**
   * Looking ahead goes on for this long before this thread tries for {@link windowMs} whether it would have to wait, and for twice as long each time that it had to: a mistake,
   * which only a very busy machine makes, costs little, and a disk is seldom tried.
   */
  slowForMs: 250,
  slowForMostMs: 4_000,
  /** Folders that are listed ahead at the same time: as many as Node's pool has threads. */
  foldersAtOnce: 4,
  /** Names of one folder that are looked at at the same time: enough for all threads of the pool to have a next one, few enough for others who need them. */
  looksAtOnce: 8,
  /** Names that are looked at before the first of them is used. Their facts take some 400 bytes each. */
  looksInRow: 1_024,
  /**
   * What was seen ahead is used for this long. Where the walk only passes through, eight folders take it a fraction of that; where it is held up by content, which may be for
   * hours, people go on working in what comes after: a file that is made, changed or moved there has to be in the backup. Seeing a folder anew costs as much as if
   * nobody had looked ahead, and mostly less, since the system has it in memory.
   */
  aheadForMs: 3_000,
  /** Folders inside one that may be listed before the walk comes to them: for the pool twice what it can do at once. */
  aheadInFolder: 8,
  /** The same in all folders from the top to where the walk is: most trees are less than eight deep. */
  foldersAhead: 64,
  /** Names in those: some 5 MiB with what is known of them. A folder that is on its way when they are reached may add its own. */
  namesAhead: 16 * 1024,
} as const;
