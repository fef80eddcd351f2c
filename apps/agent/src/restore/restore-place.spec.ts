import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PanelRestores } from '../backup/own-rules.ts';
import { restorePlace } from './restore-place.ts';

const refusal = expect.objectContaining({ code: 'restore_refused' });

describe('where a restore from the panel may write', () => {
  let userHome: string;
  let folder: string;
  beforeEach(() => {
    userHome = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-place-')));
    folder = join(userHome, 'holdfast-restored');
  });
  afterEach(() => rmSync(userHome, { recursive: true }));
  const place = (destination: string | null, { allowed, isOwn = false }: { allowed?: PanelRestores; isOwn?: boolean } = {}) =>
    restorePlace({ destination, isOwn, allowed: async () => allowed, userHome });

  it('takes a name below the folder for restores, which only this user may look into', async () => {
    expect(await place('ada 2026-11-26')).toBe(join(folder, 'ada 2026-11-26'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(await place('ada 2026-11-26', { isOwn: true })).toBe(join(folder, 'ada 2026-11-26'));
    expect(await place(join(folder, 'a', 'b'))).toBe(join(folder, 'a', 'b'));
  });

  it.each([null, '', ' ', '.', '..', '../x', 'a/../../x', 'a/b', 'C:\\Users\\ada', 'C:ada', '/etc', '/', 'a\0b'])(
    "takes other machines' files to no other place: %j",
    async (destination) => {
      await expect(place(destination)).rejects.toEqual(refusal);
    },
  );

  it('is not led out by a link, wherever that leads', async () => {
    mkdirSync(folder);
    symlinkSync(userHome, join(folder, 'out'));
    symlinkSync(join(userHome, 'nowhere'), join(folder, 'dangling'));
    for (const destination of ['out', 'dangling', join(folder, 'dangling', 'x'), join(folder, 'out', 'x')])
      await expect(place(destination)).rejects.toEqual(refusal);
    symlinkSync(join(folder, 'in'), join(folder, 'inside'));
    mkdirSync(join(folder, 'in'));
    expect(await place('inside')).toBe(join(folder, 'in'));
    expect(await place(join(folder, 'inside', 'x'))).toBe(join(folder, 'in', 'x'));
  });

  it('does not take a neighbour for the folder', async () => {
    await expect(place(`${folder}-too/x`)).rejects.toEqual(refusal);
  });

  it('follows what this machine says: its folders, the first of them for names', async () => {
    const allowed = [join(userHome, 'one'), join(userHome, 'two')];
    expect(await place('x', { allowed })).toBe(join(userHome, 'one', 'x'));
    expect(await place(join(userHome, 'two', 'x'), { allowed })).toBe(join(userHome, 'two', 'x'));
    await expect(place(join(folder, 'x'), { allowed })).rejects.toEqual(refusal);
    await expect(place(null, { allowed })).rejects.toEqual(refusal);
  });

  it('takes its own files, and any where it says so, to every place; a name stays below the folder', async () => {
    for (const over of [{ isOwn: true }, { allowed: 'anywhere' as const }]) {
      expect(await place(null, over)).toBeUndefined();
      expect(await place('/srv/x', over)).toBe('/srv/x');
      await expect(place('../x', over)).rejects.toEqual(refusal);
    }
  });

  it('says what stands in the way', async () => {
    writeFileSync(folder, '');
    await expect(place('x')).rejects.toEqual(refusal);
    rmSync(folder);
    mkdirSync(folder);
    for (const destination of ['x'.repeat(300), join(folder, 'x'.repeat(300))]) await expect(place(destination)).rejects.toEqual(refusal);
  });

  it('is not kept from its own files by a mistake in the rules', async () => {
    const allowed = () => Promise.reject(new Error('rules_invalid'));
    expect(await restorePlace({ destination: '/srv/x', isOwn: true, allowed, userHome })).toBe('/srv/x');
    expect(await restorePlace({ destination: 'x', isOwn: true, allowed, userHome })).toBe(join(folder, 'x'));
    await expect(restorePlace({ destination: '/srv/x', isOwn: false, allowed, userHome })).rejects.toThrow('rules_invalid');
  });
});
