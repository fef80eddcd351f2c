import { readFileSync } from 'node:fs';
import { followLinks } from './follow-links.ts';

/**
 * Kinds of file systems that ask somebody else for every answer: another machine, or a program of a user. When that one is gone, whoever looks waits in the kernel,
 * where no signal reaches it. Kinds of FUSE are `fuse.…` besides; names as in the kernel's sources, and of the drivers that are usual beside it.
 */
const farKinds: ReadonlySet<string> = new Set([
  ...['nfs', 'nfs4', 'cifs', 'smb3', 'smbfs', 'ncpfs', '9p', 'virtiofs', 'vboxsf', 'prl_fs', 'vmhgfs', 'fuse', 'fuseblk', 'autofs'],
  ...['afs', 'coda', 'ceph', 'glusterfs', 'lustre', 'beegfs', 'gpfs', 'orangefs', 'pvfs2', 'ocfs2', 'gfs2', 'davfs'],
]);

/** A file system that somebody else answers for, and so perhaps nobody. Paths are their bytes as latin1. */
export interface FarMount {
  /** Where it begins: absolute, links followed. */
  readonly point: string;
  readonly kind: string;
  /** As a look at one of its files gives it. */
  readonly device: bigint;
}

/**
 * The far mounts there are, from the kernel's own list: reading that asks none of them. Not the one that everything is on: without it there is nothing to do
 * anyway. Where mounts lie on each other it is the last that counts. Empty where the system has no such list (macOS, Windows).
 */
export function farMounts(list = '/proc/self/mountinfo'): FarMount[] {
  let text: string;
  try {
    text = readFileSync(list, 'latin1');
  } catch {
    return [];
  }
  return farMountsIn(text);
}

/** proc_pid_mountinfo(5): the third field is the device, the fifth the mount point; after a field `-` comes the kind. Blanks and the like are octal, `\040`. */
export function farMountsIn(text: string): FarMount[] {
  const found = new Map<string, FarMount | undefined>();
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device = '', , field = ''] = before.split(' ');
    const [kind = ''] = after.split(' ');
    if (field === '' || field === '/') continue;
    const point = field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const far = farKinds.has(kind) || kind.startsWith('fuse.');
    found.set(point, far ? { point, kind, device: deviceNumber(device) } : undefined);
  }
  return [...found.values()].filter((mount) => mount !== undefined);
}

/** `major:minor` as glibc's `makedev` packs it into `st_dev`. */
function deviceNumber(text: string): bigint {
  const [major, minor] = /^\d+:\d+$/.test(text) ? (text.split(':').map(BigInt) as [bigint, bigint]) : [0n, 0n];
  return (minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | ((major & ~0xfffn) << 32n);
}

/** How far a path can be followed without asking a far mount anything. */
export interface NearPart {
  /** Links followed, down to where the far mount begins; all of the path where it comes to none. What is not there stays as it was written. */
  readonly path: string;
  /** The first far mount on the way. */
  readonly far: FarMount | undefined;
}

/** Follows an absolute path (bytes as latin1) by whatever links, and stops before the first far mount. */
export function followNear(path: string, mounts: readonly FarMount[]): NearPart {
  const points = new Map(mounts.map((mount) => [mount.point, mount]));
  const followed = followLinks(path, (place) => points.has(place));
  return { path: followed.path, far: followed.stopped ? points.get(followed.path) : undefined };
}

/** The first far mount that an absolute path comes to, by whatever links; found without asking any. */
export function farMountOn(path: string | Buffer, mounts: readonly FarMount[] = farMounts()): FarMount | undefined {
  return mounts.length === 0 ? undefined : followNear(Buffer.from(path).toString('latin1'), mounts).far;
}
