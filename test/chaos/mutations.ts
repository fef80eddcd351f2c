import { cpSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from '../../config/build/bundle.ts';
import { repository } from '../support/processes.ts';

/** One rule of the built product broken on purpose: the harness has to notice. */
export interface Mutation {
  readonly what: string;
  /** Below `dist/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const mutations: Readonly<Record<string, Mutation>> = {
  'empty-receipt': {
    what: 'a holder signs for packs that it never fetched',
    file: 'apps/agent/src/jobs/replicate-job.js',
    find: 'if (!isWhole) {',
    replace: 'if (false) {',
  },
  'blind-keeper': {
    what: 'a holder keeps what it is sent without comparing it with the pack id',
    file: 'libs/vault/src/pack/pack-dag.js',
    find: 'equalBytes(hashBlock(primitives, expected.hash, bytes), expected.digest)',
    replace: 'true',
  },
};

/** An installation beside the real one with that rule broken; returns its folder. Throws when the rule is no longer found there. */
export async function mutate({ file, find, replace }: Mutation): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'));
  for (const name of ['package.json']) copyFileSync(join(repository, name), join(folder, name));
  for (const name of ['node_modules', 'config']) symlinkSync(join(repository, name), join(folder, name));
  mkdirSync(join(folder, 'dist'));
  cpSync(join(repository, 'dist'), join(folder, 'dist'), { recursive: true });
  const path = join(folder, 'dist', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${file} does not have exactly one "${find}": the mutation must be written anew`);
  writeFileSync(path, text.replace(find, replace));
  await bundlePrograms(folder);
  return folder;
}
