import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../../config/build/bundle.ts';
import { measure } from '../measure.ts';
import { clear, type Tool } from './tool.ts';

const installation = join(import.meta.dirname, '../../..');
const bundled = 'dist/bench';
const runWith = (env: Readonly<Record<string, string>>, ...args: string[]) =>
  measure(process.execPath, [join(installation, bundled, 'engine-run.js'), ...args], { env });
const run = (...args: string[]) => runWith({}, ...args);

/** This tree's built engine in a process of its own, bundled like the agent. */
export async function holdfast(): Promise<Tool> {
  if (!existsSync(join(installation, 'dist/libs/engine'))) throw new Error('nothing is built; run "npm run build:node" first');
  await bundle({ installation, programs: { 'engine-run': 'test/support/engine-run.ts' }, to: bundled, withThreads: true });
  return {
    name: 'holdfast',
    durability:
      'packs, index and head fsynced with their folders; what a restore wrote is on the disk when it ends (the peers do not wait for that)',
    async prepare(state, compression) {
      clear(state);
      mkdirSync(join(state, 'store'));
      writeFileSync(join(state, 'compression'), compression);
      await run('create', state);
    },
    backup: (state, folder) => run('backup', state, folder),
    restore: (state, target) => run('restore', state, target),
    restoreUnsynced: (state, target) => runWith({ HOLDFAST_DURABLE: '0' }, 'restore', state, target),
    restoreFile: (state, target, file) => run('restore', state, target, file),
    storedIn: (state) => join(state, 'store'),
  };
}
