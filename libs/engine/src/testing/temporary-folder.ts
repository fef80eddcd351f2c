import { afterAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes fresh folders under the system's temporary one and removes them all after the tests of the file. */
export function temporaryFolders(): (name?: string) => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  });
  return async (name = 'engine') => {
    const folder = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
    made.push(folder);
    return folder;
  };
}
