import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderToMountOn } from './mount-folder.ts';

describe('a folder to show snapshots in', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-folder-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('is one that is there and empty', async () => {
    await expect(folderToMountOn(home)).resolves.toBeUndefined();
  });

  it.each([
    ['is not empty', () => home, /is not empty: what is in it would be hidden/],
    ['is not there', () => join(home, 'nowhere'), /there is no such folder/],
    ['is a file', () => join(home, 'file'), /it is no folder/],
  ])('is refused when it %s', async (_, path, words) => {
    writeFileSync(join(home, 'file'), '');
    await expect(folderToMountOn(path())).rejects.toMatchObject({
      code: 'bad_argument',
      message: expect.stringMatching(words),
      nextStep: expect.stringContaining('empty folder'),
    });
  });
});
