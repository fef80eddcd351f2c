import { isAppError } from '#libs/kernel';
import type { Platform } from '../platform/index.ts';
import type { NameRules } from './portable-name.ts';

/** Where names are tried, for a moment. It has the rules of the folder that it is in; a restore that is killed just then leaves it to the next one. */
const probeName = Buffer.from('.holdfast-names');
const plain = 'a';
const accented = 'aé'.normalize('NFC');
const windowsNames = ['b:', 'b?', 'b.', 'b ', 'aux.b'];
const all = [plain, accented, ...windowsNames, 'b'];

/** Which names a folder does not tell apart. Where nothing can be tried, as if it told none apart: so no file takes another's
 * place. */
export function probeRules(platform: Platform, folder: Buffer): NameRules {
  const rules = inProbe(platform, folder, (probe) => {
    const tried = make(platform, probe, accented) ? accented : plain;
    if (tried === plain && !make(platform, probe, plain)) return undefined;
    const foldsForms = tried === accented && isThere(platform, probe, tried.normalize('NFD'));
    return { foldsCase: isThere(platform, probe, tried.toUpperCase()), foldsForms };
  });
  return rules ?? { foldsCase: true, foldsForms: true };
}

/** Whether the file system of a folder refuses, or changes, names that Windows can't have. Undefined where nothing can be tried. */
export function probeWindowsNames(platform: Platform, folder: Buffer): boolean | undefined {
  return inProbe(platform, folder, (probe) => {
    if (!make(platform, probe, plain)) return undefined;
    // Where the dot at the end is dropped, the name without it is there.
    return windowsNames.some((name) => !make(platform, probe, name)) || isThere(platform, probe, 'b');
  });
}

/** What a restore that was killed while it tried names left in a folder goes. */
export function removeProbe(platform: Platform, folder: Buffer): void {
  const probe = platform.join(folder, probeName);
  if (platform.factsIfAny(probe)?.kind !== 'directory') return;
  for (const name of all) remove(platform, platform.join(probe, Buffer.from(name)), 'file');
  remove(platform, probe, 'folder');
}

/** A name that can't be there is as good as gone; somebody else's folder of that name, or one in use, stays. */
function remove(platform: Platform, path: Buffer, kind: 'file' | 'folder'): void {
  try {
    platform.remove(path, kind);
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}

function inProbe<T>(platform: Platform, folder: Buffer, work: (probe: Buffer) => T | undefined): T | undefined {
  removeProbe(platform, folder);
  const probe = platform.join(folder, probeName);
  try {
    platform.makeFolder(probe, 0o700);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
  try {
    return work(probe);
  } finally {
    removeProbe(platform, folder);
  }
}

function make(platform: Platform, probe: Buffer, name: string): boolean {
  try {
    platform.create(platform.join(probe, Buffer.from(name))).close();
    return true;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}

function isThere(platform: Platform, probe: Buffer, name: string): boolean {
  return platform.factsIfAny(platform.join(probe, Buffer.from(name))) !== undefined;
}
