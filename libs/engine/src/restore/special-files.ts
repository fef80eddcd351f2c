import { isAppError } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import { displayPath, type FileFacts, type Platform } from '../platform/index.ts';
import { applyMetadata } from './apply-metadata.ts';
import type { FolderTarget, FolderTargets } from './folder-targets.ts';
import type { RestoreCounts } from './restore-counts.ts';
import { temporarySpecialName } from './temporary-name.ts';
import { Turns } from '../turns.ts';

interface SpecialOptions {
  readonly platform: Platform;
  readonly counts: RestoreCounts;
  readonly folders: FolderTargets;
}

/** Makes a link, fifo or device at a place, by way of a temporary name. Throws file codes. */
export function restoreSpecial(options: SpecialOptions, folder: FolderTarget, path: Buffer, entry: TreeEntry): void {
  const { platform, counts, folders } = options;
  folders.assertSame(folder);
  if (entry.error !== undefined)
    throw new EngineError('file_not_found', `${displayPath(path)}: could not be read when the snapshot was made (${entry.error})`);
  const temporary = freeTemporary(platform, folder, path);
  let made = true;
  if (entry.type === 'symlink') platform.symlink(Buffer.from(entry.linkTarget!), temporary);
  else if (entry.type === 'fifo') made = platform.fifo(temporary, 0o600) === 'done';
  else if (entry.type === 'char-device' || entry.type === 'block-device') {
    made =
      platform.device(temporary, entry.type === 'char-device' ? 'character-device' : 'block-device', entry.rdev ?? 0n, 0o600) === 'done';
  } else made = false;
  if (!made) {
    counts.note(path, 'not_restored', `a ${entry.type} can not be made by this account or on this system`);
    return;
  }
  try {
    applyMetadata(platform, temporary, entry, counts, { inherits: folder.inherits });
    platform.rename(temporary, path);
  } catch (error) {
    platform.remove(temporary, 'file');
    throw error;
  }
  counts.others += 1;
}

/** Whether what is there is the same link, fifo or device, its metadata aside. */
export function isSameSpecial(platform: Platform, path: Buffer, entry: TreeEntry, existing: FileFacts): boolean {
  if (entry.type === 'symlink')
    return existing.kind === 'symlink' && entry.linkTarget !== undefined && platform.linkTarget(path).equals(entry.linkTarget);
  if (entry.type === 'fifo') return existing.kind === 'fifo';
  const kind = entry.type === 'char-device' ? 'character-device' : entry.type;
  return (kind === 'character-device' || kind === 'block-device') && existing.kind === kind && existing.deviceNumber === (entry.rdev ?? 0n);
}

/** What a restore that was killed left there goes. */
function freeTemporary(platform: Platform, folder: FolderTarget, path: Buffer): Buffer {
  const temporary = platform.join(folder.path, temporarySpecialName(platform.split(path).at(-1)!));
  platform.remove(temporary, 'file');
  return temporary;
}

/**
 * Gives a file that is restored another name. Where two names can't have one file (FAT, another file system mounted below) it is there twice, with a note.
 * Throws file codes, `interrupted`.
 */
export async function restoreLink(
  options: SpecialOptions,
  folder: FolderTarget,
  { first, path, entry }: { readonly first: Buffer; readonly path: Buffer; readonly entry: TreeEntry },
  signal?: AbortSignal,
): Promise<void> {
  const { platform, counts, folders } = options;
  folders.assertSame(folder);
  const temporary = freeTemporary(platform, folder, path);
  try {
    try {
      platform.hardLink(first, temporary);
    } catch (error) {
      if (!isAppError(error) || !cannotLink.has(error.code)) throw error;
      await copyContent(platform, entry, first, temporary, signal);
      applyMetadata(platform, temporary, entry, counts, { inherits: folder.inherits });
      await platform.syncPath(temporary);
      counts.note(path, 'link_not_restored', `is a file of its own: it can't be another name of ${displayPath(first)} here`);
    }
    platform.rename(temporary, path);
  } finally {
    // rename(2) does nothing when both are the same file already, and leaves the temporary name.
    platform.remove(temporary, 'file');
  }
  counts.files += 1;
}

/** What systems say of a second name: EPERM, ENOTSUP, EXDEV, EMLINK. */
const cannotLink = new Set<string>(['access_denied', 'unsupported', 'io_failed']);
const copiedAtOnce = 1024 * 1024;

/** Memory: 1 MiB. */
async function copyContent(platform: Platform, entry: TreeEntry, from: Buffer, to: Buffer, signal?: AbortSignal): Promise<void> {
  const turns = new Turns();
  const source = platform.openToRead(from);
  try {
    const copy = platform.create(to);
    try {
      copy.truncate(entry.size);
      const buffer = Buffer.allocUnsafe(copiedAtOnce);
      for (const { offset, length } of entry.dataRanges ?? [{ offset: 0, length: entry.size }])
        for (let done = 0; done < length;) {
          throwIfInterrupted(signal);
          await turns.maybeYield();
          const count = source.read(buffer.subarray(0, Math.min(buffer.length, length - done)), offset + done);
          if (count === 0) throw new EngineError('file_changed', `${displayPath(from)}: became shorter during the restore`);
          copy.write(buffer.subarray(0, count), offset + done);
          done += count;
        }
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}

/** Brings metadata of something that is there already up to the snapshot's, and leaves it alone where nothing differs. */
export function updateMetadata({ platform, counts }: Omit<SpecialOptions, 'folders'>, path: Buffer, entry: TreeEntry): void {
  const facts = platform.facts(path);
  const attributes = platform.extendedAttributes(path).filter(({ name }) => !name.toString('latin1').startsWith('security.'));
  const wanted = (entry.xattrs ?? []).filter(({ name }) => !Buffer.from(name).toString('latin1').startsWith('security.'));
  const sameAttributes =
    attributes.length === wanted.length &&
    wanted.every(({ name, value }) => attributes.some((other) => other.name.equals(name) && other.value.equals(value)));
  const sameOwner = !platform.privileged || (facts.uid === entry.uid && facts.gid === entry.gid);
  if (facts.mtimeNs === entry.mtimeNs && sameOwner && sameAttributes && (entry.type === 'symlink' || facts.mode === entry.mode)) return;
  try {
    applyMetadata(platform, path, entry, counts);
  } catch (error) {
    if (!isAppError(error)) throw error;
    counts.fail(path, error);
  }
}
