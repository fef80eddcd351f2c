import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentPlatform, FarReaders } from '#libs/engine';
import { lookAtFar } from './far-folder.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-far-'));
  for (const name of ['one', 'two', 'near']) mkdirSync(join(home, name));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(home, { recursive: true });
});

it('looks at all folders on far mounts at a time, and at no other', async () => {
  const [one, two, near] = ['one', 'two', 'near'].map((name) => join(home, name)) as [string, string, string];
  const asked: string[] = [];
  const bothAsked = Promise.withResolvers<void>();
  jest.spyOn(FarReaders.prototype, 'look').mockImplementation(async (path: Buffer) => {
    asked.push(path.toString());
    if (asked.length === 2) bothAsked.resolve();
    await bothAsked.promise;
    return { facts: currentPlatform().facts(path), realPath: undefined, far: undefined };
  });
  const mounts = [one, two].map((point) => ({ point, kind: 'nfs', device: 1n }));
  const looks = await lookAtFar([one, near, two, one], mounts);
  expect([...looks]).toEqual([
    [one, { trouble: undefined }],
    [two, { trouble: undefined }],
  ]);
  expect(asked).toEqual([one, two]);
});

it('tells what keeps a folder from being listed', async () => {
  const gone = join(home, 'one', 'gone');
  const looks = await lookAtFar([join(home, 'one'), gone], [{ point: join(home, 'one'), kind: 'nfs', device: 1n }]);
  expect(looks.get(join(home, 'one'))).toEqual({ trouble: undefined });
  expect(looks.get(gone)).toMatchObject({ trouble: { code: 'file_not_found' } });
});
