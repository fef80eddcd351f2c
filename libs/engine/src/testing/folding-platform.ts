import { readdirSync } from 'node:fs';
import { EngineError } from '../errors.ts';
import { folderByPath } from '../platform/held-folder.ts';
import type { Platform } from '../platform/index.ts';
import { nameKey, type NameRules, portableName } from '../restore/portable-name.ts';

const ofPaths = new Set<string | symbol>([
  ...['facts', 'factsIfAny', 'names', 'linkTarget', 'extendedAttributes', 'openToRead', 'create', 'openToWrite', 'clone', 'makeFolder'],
  ...[
    'rename',
    'hardLink',
    'symlink',
    'fifo',
    'remove',
    'setMode',
    'setOwner',
    'setTimes',
    'setExtendedAttribute',
    'syncFolder',
    'syncPath',
  ],
]);

/**
 * The real file system as it would be if, below `root`, some spellings were one name, as on FAT, NTFS or APFS; with `windowsNames` it also refuses
 * what these refuse. A file keeps the spelling that it was made by.
 */
export function foldingPlatform(real: Platform, root: string, rules: NameRules & { readonly windowsNames?: boolean }): Platform {
  const above = Buffer.from(`${root}/`);
  const isBelow = (path: unknown): path is Buffer => Buffer.isBuffer(path) && path.subarray(0, above.length).equals(above);
  const spelled = (path: Buffer): Buffer =>
    real.split(path.subarray(above.length)).reduce((folder, name) => {
      if (rules.windowsNames === true && !portableName(name).equals(name))
        throw new EngineError('file_not_found', `${path.toString()}: no such name here`);
      return real.join(folder, there(folder, name, rules) ?? name);
    }, Buffer.from(root));
  const folding: Platform = new Proxy(real, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (property === 'holdFolder') return (path: Buffer) => folderByPath(folding, path);
      if (typeof value !== 'function' || !ofPaths.has(property)) return value;
      return (...args: unknown[]): unknown => {
        try {
          return Reflect.apply(
            value,
            target,
            args.map((arg) => (isBelow(arg) ? spelled(arg) : arg)),
          );
        } catch (error) {
          if (property === 'factsIfAny' && error instanceof EngineError && error.code === 'file_not_found') return undefined;
          throw error;
        }
      };
    },
  });
  return folding;
}

function there(folder: Buffer, name: Buffer, rules: NameRules): Buffer | undefined {
  let names: Buffer[];
  try {
    names = readdirSync(folder, { encoding: 'buffer' });
  } catch {
    return undefined;
  }
  return names.find((one) => nameKey(one, rules) === nameKey(name, rules));
}
