import type { OpenFile } from '../platform/index.ts';

/** An open file with some of its calls exchanged. What is an instance of a class can't be spread. */
export function changedFile(file: OpenFile, changes: Partial<OpenFile>): OpenFile {
  return new Proxy(file, {
    get: (target, name) => {
      const changed: unknown = Reflect.get(changes, name);
      if (changed !== undefined) return changed;
      const own: unknown = Reflect.get(target, name, target);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
