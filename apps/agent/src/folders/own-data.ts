import { realpathSync } from 'node:fs';
import { farMountOn, farMounts } from '#libs/kernel/far-mounts';
import { isServedAt, isServedHere } from '#libs/kernel/served-here';
import { AgentError } from '../errors.ts';
import { isBelow } from '../home/is-below.ts';
import { printable } from '../output/format.ts';

export const ownDataMessage = "is Holdfast's own data, which is never backed up";

/**
 * Whether a path is the agent's data folder or in it, also by way of links: its packs would be backed up into packs, again and again. Snapshots that this
 * process shows on a folder are its own data too. Far mounts, which may hang, are not looked into here: the backup itself finds out where links inside them lead.
 */
export function isOwnData(path: string, home: string): boolean {
  const mounts = farMounts();
  const far = farMountOn(path, mounts);
  // On the one that the data folder is on, too, everything waits for it anyway.
  if (far && far.point !== farMountOn(home, mounts)?.point) return isServedAt(far.point, path) || isBelow(path, home);
  return isServedHere(path) || isBelow(path, home) || isBelow(real(path), real(home));
}

/** Throws `bad_argument` for the first path that {@link isOwnData}. */
export function refuseOwnData(paths: readonly string[], home: string): void {
  for (const path of paths) {
    if (!isOwnData(path, home)) continue;
    throw new AgentError('bad_argument', `${printable(path)} ${ownDataMessage}`, {
      nextStep: 'Name another folder. A folder around the data folder may be named: the data folder is left out of it.',
      context: { path, home },
    });
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet, or not to be read: then its name is all there is.
    return path;
  }
}
