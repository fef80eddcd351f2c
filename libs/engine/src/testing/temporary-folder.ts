import { afterAll } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes fresh folders under the system's temporary one, or that given, and removes them all after the tests of the file. */
export function temporaryFolders(within = tmpdir()): (name?: string) => Promise<string> {
  const made: string[] = [];
  afterAll(() => {
    // Not node's rm: it can't reach folders deeper than PATH_MAX.
    if (made.length > 0) execFileSync('rm', ['-rf', '--', ...made]);
  });
  return async (name = 'engine') => {
    const folder = await mkdtemp(join(within, `holdfast-${name}-`));
    made.push(folder);
    return folder;
  };
}
