import type { OpenFile, Owner, Platform, WholeFileFacts } from '../platform/index.ts';
import type { Notes } from './note-collector.ts';
import type { WrittenEntry } from './write-messages.ts';

const setIds = 0o6000;

/** What is known of something that we just made: spares calls, which is most of the time of a small file. */
export interface Made {
  /** Still open. */
  readonly file?: OpenFile;
  /** Whose it is now, where that is known. */
  readonly owner?: Owner;
  /** Whether its folder hands attributes on (default ACLs). */
  readonly inherits?: boolean;
}

/**
 * Owner, the user's attributes, mode, all other attributes, then the time: in this order, since changing the owner clears set-id bits and capabilities, ACLs stand
 * above modes, and attributes of a file that is read-only by its mode can be set only by the superuser.
 * What this account or file system can't do becomes a note.
 */
export function applyMetadata(platform: Platform, path: Buffer, entry: WrittenEntry, notes: Notes, made: Made = {}): void {
  const { capabilities } = platform;
  const { file } = made;
  const ownerRestored = capabilities.ownership ? applyOwner(platform, path, entry, notes, made) : false;
  setAttributes(platform, path, entry, notes, isUsers);
  if (entry.type !== 'symlink') {
    // A set-id program must not suddenly act for whoever restored it.
    const mode = ownerRestored ? entry.mode : entry.mode & ~setIds;
    if (mode !== entry.mode)
      notes.note(path, 'set_id_dropped', 'set-user-id and set-group-id were left out, since the owner could not be restored');
    if (file) file.setMode(mode);
    else platform.setMode(path, mode);
  }
  setAttributes(platform, path, entry, notes, (name) => !isUsers(name));
  if (made.inherits ?? true) removeOthers(platform, path, entry);
  if ((file ? file.setTimes(entry.mtimeNs) : platform.setTimes(path, entry.mtimeNs)) === 'unsupported')
    notes.noteOnce(path, 'time_not_restored', 'modification times can not be set here');
}

/** Names count more than numbers: the same person has other numbers on another machine. */
function ownerHere(platform: Platform, entry: WrittenEntry): Owner {
  return {
    uid: (entry.user === undefined ? undefined : platform.userId(entry.user)) ?? entry.uid,
    gid: (entry.group === undefined ? undefined : platform.groupId(entry.group)) ?? entry.gid,
  };
}

/**
 * What {@link applyMetadata} would do for a new file, if that is all in the file system's gift from its start: no attributes, no set-id bits, and an owner that this account
 * can give. `usual`: whose files are that this account makes there.
 */
export function plainFacts(platform: Platform, entry: WrittenEntry, usual: Owner): WholeFileFacts | undefined {
  const { mode, mtimeNs, xattrs } = entry;
  if (xattrs !== undefined || (mode & ~0o777) !== 0) return undefined;
  const owner = ownerHere(platform, entry);
  if (owner.uid === usual.uid && owner.gid === usual.gid) return { mode, mtimeNs };
  return platform.privileged ? { mode, mtimeNs, owner } : undefined;
}

/** True when the file now has the owner that the snapshot says. */
function applyOwner(platform: Platform, path: Buffer, entry: WrittenEntry, notes: Notes, { file, owner }: Made): boolean {
  const { uid, gid } = ownerHere(platform, entry);
  const now = owner ?? (file ? file.owner() : platform.facts(path));
  if (now.uid === uid && now.gid === gid) return true;
  if (!platform.privileged && now.uid !== uid) {
    notes.noteOnce(path, 'owner_not_restored', 'owners are restored only by the superuser; files belong to whoever restores them');
    return false;
  }
  if ((file ? file.setOwner(uid, gid) : platform.setOwner(path, uid, gid)) === 'done') return true;
  notes.noteOnce(path, 'owner_not_restored', 'some owners or groups could not be set by this account');
  return false;
}

const isUsers = (name: Buffer): boolean => name.toString('latin1').startsWith('user.');

function setAttributes(platform: Platform, path: Buffer, entry: WrittenEntry, notes: Notes, which: (name: Buffer) => boolean): void {
  for (const attribute of entry.xattrs ?? []) {
    const name = Buffer.from(attribute.name);
    if (!which(name)) continue;
    if (platform.setExtendedAttribute(path, { name, value: Buffer.from(attribute.value) }) === 'unsupported') {
      notes.noteOnce(
        path,
        `attribute_not_restored:${name.toString('latin1')}`,
        `the attribute ${name.toString('latin1')} can not be set here`,
      );
    }
  }
}

/** A folder with a default ACL gives one to what is made in it: take off what the snapshot doesn't have. */
function removeOthers(platform: Platform, path: Buffer, { xattrs = [] }: WrittenEntry): void {
  if (!platform.capabilities.extendedAttributes) return;
  for (const { name } of platform.extendedAttributes(path)) {
    if (name.toString('latin1').startsWith('security.')) continue;
    if (!xattrs.some((attribute) => Buffer.compare(attribute.name, name) === 0)) platform.removeExtendedAttribute(path, name);
  }
}
