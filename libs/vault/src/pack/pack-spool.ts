/** Where the bytes of an open pack wait: a file, so that memory holds only what is being worked on. Gone when the process ends before the pack is stored. */
export interface PackSpool {
  /** `bytes` may be used again when it resolves. Throws `disk_full` and the like. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Everything was written; nobody writes or reads here any more. */
  close(): Promise<void>;
  /** Gives the room back, closed or not. */
  discard(): Promise<void>;
}
