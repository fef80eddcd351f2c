import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from '../measure.ts';
import { clear, type Tool } from './tool.ts';

const engineRun = join(import.meta.dirname, '../../support/engine-run.ts');
const run = (...args: string[]) => measure(process.execPath, [engineRun, ...args]);

/** This tree's built engine in a process of its own. */
export function holdfast(): Tool {
  return {
    name: 'holdfast',
    durability: 'packs, index and head fsynced with their folders',
    async prepare(state, compression) {
      clear(state);
      mkdirSync(join(state, 'store'));
      writeFileSync(join(state, 'compression'), compression);
      await run('create', state);
    },
    backup: (state, folder) => run('backup', state, folder),
    restore: (state, target) => run('restore', state, target),
    restoreFile: (state, target, file) => run('restore', state, target, file),
    storedIn: (state) => join(state, 'store'),
  };
}
