import { isFolderAbove, type Snapshot, type TreeEntry } from '#libs/vault';

/** When a snapshot was there, in nanoseconds since 1970. */
export const timeOfNs = ({ endedAtMs }: Snapshot): bigint => BigInt(endedAtMs) * 1_000_000n;

/** The modification time that a mounted entry shows: of a folder above the backed-up ones only the name is known, and it shows the snapshot's. */
export const shownTimeNs = (entry: TreeEntry, snapshot: Snapshot | undefined): bigint =>
  snapshot && isFolderAbove(entry) && entry.mtimeNs === 0n ? timeOfNs(snapshot) : entry.mtimeNs;
