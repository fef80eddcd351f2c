import { describe, expect, it } from '@jest/globals';
import { utf8 } from '#libs/kernel';
import { VaultError, type VaultReader } from '#libs/vault';
import { aVault } from '#libs/vault/testing';
import { shellWord, withNewestThatHas } from './path-elsewhere.ts';

async function search(reader: VaultReader, paths: readonly string[], snapshot: number | 'latest' = 'latest'): Promise<unknown> {
  const { signal } = new AbortController();
  const error: unknown = await reader
    .entry(await reader.snapshot('latest'), paths.at(-1)!)
    .then(() => new Error('nothing is missing'))
    .catch((e: unknown) => e);
  const command = (missing: readonly string[]): string[] => ['holdfast', 'restore', ...missing];
  const found = await withNewestThatHas(error, { reader, snapshot, paths, signal, command });
  return found === error ? 'as it was' : found;
}

describe('a path that the latest snapshot does not have', () => {
  it('is named with the newest snapshot that has it, and the command', async () => {
    const vault = await aVault();
    const tree = { 'notes.txt': utf8('hello'), 'my plan': utf8('x') };
    await vault.snapshot(tree);
    await vault.snapshot(tree);
    await vault.snapshot({ 'notes.txt': utf8('hello') });
    await vault.snapshot({ 'other.txt': utf8('other') }, { path: '/srv' });
    const reader = await vault.open();

    expect(await search(reader, ['/home/ann/notes.txt'])).toMatchObject({
      code: 'path_not_found',
      message: 'snapshot 4 has no /home/ann/notes.txt; snapshot 3 has it',
      nextStep: 'Run: holdfast restore /home/ann/notes.txt --snapshot 3',
    });
    expect(await search(reader, ['/srv/other.txt', '/home/ann/notes.txt', '/home/ann/my plan'])).toMatchObject({
      message: expect.stringContaining('snapshot 2 has them'),
      nextStep: `Run: holdfast restore /home/ann/notes.txt ${shellWord('/home/ann/my plan')} --snapshot 2`,
    });
    expect(await search(reader, ['/home/ann/nowhere'])).toBe('as it was');
    expect(await search(reader, ['/srv/other.txt'])).toBe('as it was');
    expect(await search(reader, ['/home/ann/notes.txt'], 4)).toBe('as it was');
  });

  it('is named also when the latest of the machine is older than one of named paths', async () => {
    const vault = await aVault();
    await vault.snapshot({ 'notes.txt': utf8('hello') });
    await vault.snapshot({ 'other.txt': utf8('other') });
    await vault.snapshot({ shop: utf8('1') }, { path: '/stdin', adHoc: true });
    const error = new VaultError('path_not_found', 'snapshot 2 has no /home/ann/notes.txt');
    const { signal } = new AbortController();
    const command = (missing: readonly string[]): string[] => ['holdfast', 'ls', ...missing];
    const paths = ['/home/ann/notes.txt'];
    expect(await withNewestThatHas(error, { reader: await vault.open(), snapshot: 'latest', paths, signal, command })).toMatchObject({
      nextStep: 'Run: holdfast ls /home/ann/notes.txt --snapshot 1',
    });
  });

  it('looks into 50 snapshots and no more', async () => {
    const vault = await aVault();
    await vault.snapshot({ 'notes.txt': utf8('hello') });
    for (let i = 0; i < 50; i += 1) await vault.snapshot({ 'other.txt': utf8('other') }, { path: '/srv' });
    expect(await search(await vault.open(), ['/home/ann/notes.txt'])).toMatchObject({ context: { snapshotWithPath: 1 } });
    await vault.snapshot({ 'other.txt': utf8('other') }, { path: '/srv' });
    expect(await search(await vault.open(), ['/home/ann/notes.txt'])).toBe('as it was');
  });

  it.each([
    ['/home/ann/a-b_c.txt', '/home/ann/a-b_c.txt'],
    ["/home/it's $HOME", "'/home/it'\\''s $HOME'"],
    ['', "''"],
  ])('writes %j for the shell', (word, written) => {
    expect(shellWord(word, 'linux')).toBe(written);
  });
});
