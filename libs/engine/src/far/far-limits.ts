/** Tunables of reading from far mounts, with the reason for each number. */
export const farLimits = {
  /** Silence after which a far mount counts as gone for this run: NFS and sshfs over a bad line answer within seconds, and a person who waits gives up later. */
  silentMs: 15_000,
  /** From the start of the process to its first word: a quarter of a second, but on a machine that has just been woken up much more. */
  startMs: 60_000,
  /** A timer that is later than this tells of a process that was stopped (Ctrl-Z, a frozen container), not of a busy one. */
  timerLateMs: 2_000,
  /** Looking for a file's holes may take this long: on a share each is a question of its own. Beyond, it is read whole, with zeros. */
  holesMs: 1_000,
  /** The process answers with what it has after this long, as soon as the mount has answered once, so that a slow mount with much to say is not taken for a silent one. */
  answerMs: 1_000,
  /** Bytes of a file in one answer: over a line of 17 KB/s still within {@link silentMs}. */
  pieceBytes: 256 * 1024,
  /** Paths in one request: a folder of millions must not become one message. */
  pathsAtOnce: 1_000,
  /** Names that the process looks at at the same time where the mount takes its time; it has a thread for each. A server takes as many questions from everybody. */
  looksAtOnce: 16,
  /** Processes that may stay for later while nothing is asked of them; some 55 MiB each. */
  idleProcesses: 2,
  /** Processes of one mount that may end by themselves before no more is asked: what ends three can't be helped by a fourth. */
  deaths: 3,
  /** Files that may wait to be read: the walk goes on meanwhile. Each is a path and its facts. */
  filesAhead: 64,
} as const;
