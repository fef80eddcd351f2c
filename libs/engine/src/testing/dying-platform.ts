import { currentPlatform, type HeldFolder, type OpenFile, type Platform } from '../platform/index.ts';
import { changedFile } from './changed-file.ts';

/** What changes something on the disk. */
const changing = new Set<keyof Platform>([
  'create',
  'openToWrite',
  'clone',
  'makeFolder',
  'rename',
  'hardLink',
  'symlink',
  'fifo',
  'device',
  'remove',
  'setMode',
  'setOwner',
  'setTimes',
  'setExtendedAttribute',
  'removeExtendedAttribute',
]);
const changingFile = ['write', 'writeLater', 'truncate', 'setMode', 'setOwner', 'setTimes', 'preallocate'] as const;
const changingFolder = new Set<keyof HeldFolder>(['create', 'openToWrite', 'placeWhole', 'rename', 'remove']);

/**
 * The real platform until its `calls`-th change; that one and all after it do not happen, as after kill -9. A write that is cut off happens by
 * half. Not even tidying up works any more.
 */
export function dyingPlatform(calls: number, real: Platform = currentPlatform()): Platform & { readonly dead: () => boolean } {
  let left = calls;
  const alive = (): void => {
    left -= 1;
    if (left < 0) throw new Error('killed');
  };
  const wrap = (file: OpenFile): OpenFile =>
    changedFile(
      file,
      Object.fromEntries(
        changingFile.map((name) => [
          name,
          (...args: [Uint8Array, number]) => {
            if (left === 0 && name === 'write') file.write(args[0].subarray(0, args[0].length >> 1), args[1]);
            alive();
            return Reflect.apply(file[name], file, args);
          },
        ]),
      ),
    );
  const dying = <T extends object>(whole: T, changes: ReadonlySet<keyof T>): T =>
    Object.fromEntries(
      Object.entries(whole).map(([name, value]: [string, unknown]) => [
        name,
        typeof value !== 'function' || !changes.has(name as keyof T)
          ? value
          : (...args: unknown[]) => {
              alive();
              const result = (value as (...all: unknown[]) => unknown)(...args);
              return name === 'create' || name === 'openToWrite' ? wrap(result as OpenFile) : result;
            },
      ]),
    ) as T;
  const platform: Platform = {
    ...dying(real, changing),
    holdFolder: (path) => dying(real.holdFolder(path), changingFolder),
  };
  return Object.assign(platform, { dead: () => left < 0 });
}
