import { lstat, mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isRestoreName } from '#libs/contracts';
import { messageOf, systemErrorCode } from '#libs/kernel';
import type { PanelRestores } from '../backup/own-rules.ts';
import { AgentError } from '../errors.ts';
import { isBelow } from '../home/is-below.ts';
import { printable } from '../output/format.ts';

/** Where restores of other machines' backups go unless this machine says otherwise: made when it is needed, for this user alone. */
const restoresFolder = (home = homedir()): string => join(home, 'holdfast-restored');

interface Asked {
  /** As it came with the job: a whole path, a name below the folder for restores, or null for the original places. */
  readonly destination: string | null;
  /** This machine's own backup: its content is this machine's, and whoever sent it knew its key. */
  readonly isOwn: boolean;
  /** What `backup.yaml` says; not asked where it does not matter: a mistake in that file must not keep a machine from its own files. */
  readonly allowed: () => Promise<PanelRestores>;
  /** The user's home folder; default: this process's. */
  readonly userHome?: string;
}

/**
 * Which folder a restore from the panel writes to; undefined: the original places. A coordinator that was taken over could send any machine a vault of its
 * own making, so files of OTHER vaults are written only below the folders that this machine names, links followed first: a start-up file that somebody
 * else wrote is somebody else's program. Throws `restore_refused`.
 */
export async function restorePlace({ destination, isOwn, allowed: read, userHome }: Asked): Promise<string | undefined> {
  const isName = destination !== null && !isAbsolute(destination);
  if (!isName && isOwn) return destination ?? undefined;
  const allowed = await (isOwn ? read().catch(() => undefined) : read());
  if (!isName && allowed === 'anywhere') return destination ?? undefined;
  const folders = allowed === undefined || allowed === 'anywhere' ? [restoresFolder(userHome)] : allowed;
  const refused = new AgentError(
    'restore_refused',
    `${destination === null ? 'the original places' : printable(destination)}: from the panel, this machine takes files of other machines only below ${folders.map(printable).join(', ')}. Send them to a name there, or allow another folder on this machine (panelRestores in backup.yaml)`,
  );
  // What is a path on another system is none here, and not meant to be a name.
  if (destination === null || destination.includes('\0') || (isName && !isRestoreName(destination))) throw refused;
  try {
    for (const folder of isName ? folders.slice(0, 1) : folders) {
      const place = await realPlace(isName ? resolve(folder, destination) : destination);
      const real = await realPlace(folder);
      if (place === undefined || real === undefined || !isBelow(place, real)) continue;
      // Made here, it is for this user alone: what another machine's files may do to others who look in is not known.
      await mkdir(real, { recursive: true, mode: 0o700 });
      return place;
    }
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new AgentError('restore_refused', `${printable(destination)} can't be a folder for restores: ${messageOf(cause)}`, { cause });
  }
  throw refused;
}

/** A path with the links of all that is there followed; the rest of it is not there yet. Undefined where a link leads nowhere. */
async function realPlace(path: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || dirname(at) === at) throw error;
      if (await lstat(at).catch(() => undefined)) return undefined;
      missing.unshift(basename(at));
    }
  }
}
