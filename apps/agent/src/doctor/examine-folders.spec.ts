import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingFolderNotices } from '../folders/missing-folders.ts';
import { doctorText } from './doctor.command.ts';
import { examineFolders } from './examine-folders.ts';

describe('folders to back up', () => {
  let there: string;
  let gone: string;
  beforeAll(async () => {
    there = await mkdtemp(join(tmpdir(), 'holdfast-folders-'));
    gone = join(there, 'gone');
  });
  afterAll(() => rm(there, { recursive: true }));

  it('are an error for doctor when every one is missing, a warning when some are', async () => {
    expect(await examineFolders([there], '/srv/agent')).toEqual([]);
    expect(await examineFolders([there, gone], '/srv/agent')).toMatchObject([{ severity: 'warning', code: 'folder_not_found' }]);
    const all = await examineFolders([gone, join(gone, 'deeper')], '/srv/agent');
    expect(all).toMatchObject([
      { severity: 'error', code: 'folder_not_found', message: `${gone} is not there: nothing is backed up` },
      { severity: 'error', code: 'folder_not_found' },
    ]);
    expect(await examineFolders([], '/srv/agent')).toMatchObject([{ severity: 'error', code: 'no_folders' }]);
  });

  it("of the agent's own data are named, with what to do", async () => {
    expect(await examineFolders([there, join(there, 'packs')], join(there, 'packs'))).toMatchObject([
      { severity: 'warning', code: 'bad_argument' },
    ]);
    expect(await examineFolders([there], there)).toMatchObject([{ severity: 'error', code: 'bad_argument' }]);
  });

  it('are told of at join when they are not there', async () => {
    const notices = await missingFolderNotices([there, gone, gone]);
    expect(notices).toMatchObject([{ event: 'notice', code: 'folder_not_found', path: gone }]);
    expect(notices[0]!.message).toContain('holdfast folders');
  });
});

describe("doctor's last line", () => {
  it.each([
    [0, 0, 'nothing is wrong'],
    [0, 1, 'nothing is broken, but 1 warning to look at'],
    [0, 2, 'nothing is broken, but 2 warnings to look at'],
    [1, 0, '1 to put right'],
    [2, 1, '2 to put right, 1 warning'],
  ])('with %i errors and %i warnings', (errors, warnings, line) => {
    const result = { event: 'result' as const, command: 'doctor', exitCode: 0, ok: errors === 0, errors, warnings };
    expect(doctorText.result!(result, 0)).toEqual([line]);
  });
});
