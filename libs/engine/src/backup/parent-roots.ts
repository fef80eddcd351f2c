import { equalBytes, isAppError } from '#libs/kernel';
import { type Snapshot, splitPath, type TreeEntry, type VaultReader } from '#libs/vault';
import type { LocalVault } from '../local-vault/local-vault.ts';

/** Snapshots that are looked into for a folder's last state. Beyond, its files are read again; their chunks are still known. */
const maxLookedInto = 50;
/** Only the progress bar wants the totals: not worth more. */
const lookedIntoForTotals = 10;

export interface ParentRoots {
  /** By path, bytes as latin1. */
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** How much it was the last time, where one snapshot tells it of all these folders. */
  readonly files: number | undefined;
  readonly bytes: number | undefined;
}

/**
 * What each folder is compared with: its own state in the newest snapshot that has it, as a folder of its own or inside another one. So
 * a backup of other paths in between costs nothing, nor does a folder that was not there once.
 */
export async function parentRoots(vault: LocalVault, paths: readonly Buffer[]): Promise<ParentRoots> {
  const entries = new Map<string, TreeEntry>();
  if (vault.head.snapshots.length === 0) return { entries, files: undefined, bytes: undefined };
  const { reader } = await vault.openReader();
  let same: Snapshot | undefined;
  for (const [i, { sequence }] of vault.head.snapshots.slice(-maxLookedInto).reverse().entries()) {
    const missing = paths.filter((path) => !entries.has(path.toString('latin1')));
    if (missing.length === 0 && (same || i >= lookedIntoForTotals)) break;
    const snapshot = await readable(() => reader.snapshot(sequence));
    if (!snapshot) continue;
    if (!same && snapshot.roots.length === paths.length && snapshot.roots.every(({ path }, i) => equalBytes(path, paths[i]!)))
      same = snapshot;
    for (const path of missing) {
      const entry = await entryAt(reader, snapshot, path);
      if (entry) entries.set(path.toString('latin1'), entry);
    }
  }
  return { entries, files: same?.stats['files'], bytes: same?.stats['bytes'] };
}

async function entryAt(reader: VaultReader, snapshot: Snapshot, path: Buffer): Promise<TreeEntry | undefined> {
  const own = snapshot.roots.find((root) => equalBytes(root.path, path));
  if (own) return own.entry;
  const names = splitPath(path);
  if (names.length === 0) return undefined;
  const found = await readable(() => reader.entry(snapshot, names));
  // Of a folder above the backed-up ones only the name is known.
  return found && (found.type !== 'directory' || found.tree) ? { ...found, name: new Uint8Array(0) } : undefined;
}

/** A snapshot that can't be read is as none. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
