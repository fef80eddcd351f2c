import type { ConflictRule } from '#libs/contracts';
import { contentLength, type Snapshot, type WalkedEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type Platform } from '../platform/index.ts';

/** Files take whole blocks of this size on nearly every file system. */
const blockBytes = 4096;

interface SpaceOptions {
  readonly platform: Platform;
  readonly rule: ConflictRule;
  /** Where the top of the snapshot goes; undefined: the original places. */
  readonly to: Buffer | undefined;
}

/**
 * Refuses a restore that the disk has no room for, before anything is written: throws `disk_full` (temporary). Counts nothing while the whole
 * snapshot would fit; else walks it and counts what is really to be written: linked files once, holes not, files that are there by their size.
 */
export async function refuseWithoutRoom(
  snapshot: Snapshot,
  walks: Iterable<AsyncIterable<WalkedEntry>>,
  options: SpaceOptions,
): Promise<void> {
  const { platform, to, rule } = options;
  const base = to === undefined ? [] : platform.split(to);
  const total = snapshot.stats['bytes'];
  const targets = new Map<string, { free: number; folder: Buffer; neededBytes: number }>();
  const diskOf = (path: Buffer) => {
    const folder = existingAbove(platform, path);
    const key = String(platform.facts(folder).device);
    let disk = targets.get(key);
    if (!disk) targets.set(key, (disk = { free: platform.freeBytes(folder) ?? Number.POSITIVE_INFINITY, folder, neededBytes: 0 }));
    return disk;
  };
  if (to !== undefined && typeof total === 'number' && total <= diskOf(to).free) return;
  const seen = new Set<string>();
  for (const walk of walks) {
    let disk: ReturnType<typeof diskOf> | undefined;
    for await (const { path, entry } of walk) {
      const target = platform.fromParts([...base, ...path.map((name) => Buffer.from(name))]);
      disk ??= diskOf(target);
      if (entry.type !== 'file' || entry.error !== undefined) continue;
      const key = `${entry.device}:${entry.inode}`;
      if ((entry.links ?? 1) > 1 && seen.has(key)) continue;
      if ((entry.links ?? 1) > 1) seen.add(key);
      const existing = platform.factsIfAny(target);
      const there = existing?.kind === 'file' && existing.sizeBytes === entry.size ? existing.allocatedBytes : 0;
      if (existing && (rule === 'skip' || (rule === 'keep-both' && existing.mtimeNs === entry.mtimeNs))) continue;
      disk.neededBytes += Math.max(0, Math.ceil(contentLength(entry) / blockBytes) * blockBytes - (rule === 'overwrite' ? there : 0));
    }
  }
  for (const { free, folder, neededBytes } of targets.values()) {
    if (neededBytes <= free) continue;
    throw new EngineError(
      'disk_full',
      `${displayPath(folder)} has ${gib(free)} free, and ${gib(neededBytes)} would be restored to it; nothing was written`,
      {
        status: 'temporary',
        context: { path: displayPath(folder), freeBytes: free, neededBytes },
        nextStep: 'Free some space, restore to another disk, or restore less; on a disk that compresses use --ignore-free-space.',
      },
    );
  }
}

function existingAbove(platform: Platform, path: Buffer): Buffer {
  for (let parts = platform.split(path); ; parts = parts.slice(0, -1)) {
    const folder = platform.fromParts(parts);
    if (platform.factsIfAny(folder)?.kind === 'directory' || parts.length === 0) return folder;
    if (platform.factsIfAny(folder)?.kind === 'symlink') return platform.realPath(folder);
  }
}

const gib = (bytes: number): string => (bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
