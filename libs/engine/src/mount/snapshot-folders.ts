import type { Snapshot, VaultReader } from '#libs/vault';

/** A snapshot, and what its folder is called where snapshots are shown as folders. */
export interface SnapshotFolder {
  readonly name: string;
  readonly snapshot: Snapshot;
}

/** A folder for each snapshot, newest first, and which is the newest of everything (if there is none, the newest). Reads every record. */
export async function snapshotFolders(
  reader: VaultReader,
  signal?: AbortSignal,
): Promise<{ readonly folders: readonly SnapshotFolder[]; readonly latest: SnapshotFolder | undefined }> {
  const folders: SnapshotFolder[] = [];
  for await (const snapshot of reader.snapshots(signal ? { signal } : {})) folders.unshift({ name: folderName(snapshot), snapshot });
  return { folders, latest: folders.find(({ snapshot }) => !snapshot.adHoc) ?? folders[0] };
}

/** Sorts by number; without the colons that some file managers refuse. */
function folderName({ sequence, startedAtMs }: Snapshot): string {
  const time = new Date(startedAtMs).toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  return `${String(sequence).padStart(5, '0')} ${time}`;
}
