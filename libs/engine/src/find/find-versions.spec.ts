import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '#libs/kernel';
import { pathNames, printablePath, type Snapshot, type VaultReader } from '#libs/vault';
import { aVault, type TestFolder } from '#libs/vault/testing';
import { diffSnapshots } from '../diff/diff-snapshots.ts';
import { findVersions, versionsOfPath } from './find-versions.ts';

type Files = Readonly<Record<string, string>>;

/** `{'a/b': 'text'}` as folders. */
function folders(files: Files): TestFolder {
  const root: Record<string, unknown> = {};
  for (const [path, content] of Object.entries(files)) {
    const names = path.split('/');
    let at = root;
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
    at[names.at(-1)!] = utf8(content);
  }
  return root as TestFolder;
}

async function vaultOf(states: readonly Files[]): Promise<{ reader: VaultReader; snapshots: Snapshot[] }> {
  const vault = await aVault();
  for (const state of states) await vault.snapshot(folders(state));
  const reader = await vault.open();
  const snapshots: Snapshot[] = [];
  for await (const snapshot of reader.snapshots()) snapshots.push(snapshot);
  return { reader, snapshots };
}

const root = '/home/ann';
async function diff(reader: VaultReader, from: Snapshot | undefined, to: Snapshot, path?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const change of diffSnapshots(reader, from, to, path === undefined ? {} : { path }))
    found.push(`${change.change} ${printablePath(change.path)}`);
  return found;
}

describe('difference of two snapshots', () => {
  it('names what was added, removed and changed, folders before what is in them', async () => {
    const { reader, snapshots } = await vaultOf([
      { 'a/one': '1', 'a/two': '2', 'b/three': '3', same: 's', turns: 'file' },
      { 'a/one': '1', 'a/two': 'other', 'c/four': '4', same: 's', 'turns/into': 'folder' },
    ]);
    expect(await diff(reader, snapshots[0], snapshots[1]!)).toEqual([
      `content ${root}/a/two`,
      `removed ${root}/b`,
      `removed ${root}/b/three`,
      `added ${root}/c`,
      `added ${root}/c/four`,
      `kind ${root}/turns`,
      `added ${root}/turns/into`,
    ]);
    expect(await diff(reader, snapshots[0], snapshots[1]!, `${root}/a`)).toEqual([`content ${root}/a/two`]);
    expect(await diff(reader, snapshots[0], snapshots[1]!, `${root}/b`)).toEqual([`removed ${root}/b`, `removed ${root}/b/three`]);
    expect(await diff(reader, snapshots[0], snapshots[0]!)).toEqual([]);
    await expect(diff(reader, snapshots[0], snapshots[1]!, '/elsewhere')).rejects.toMatchObject({ code: 'path_not_found' });
  });

  it('compares a part that one snapshot has alone with the same part of the other', async () => {
    const vault = await aVault();
    await vault.snapshot(folders({ 'docs/a': '1', 'docs/b': '2', other: 'x' }));
    await vault.snapshot(folders({ a: '1', b: 'changed' }), { path: `${root}/docs`, adHoc: true });
    const reader = await vault.open();
    expect(await diff(reader, await reader.snapshot(1), await reader.snapshot(2))).toEqual([`content ${root}/docs/b`]);
    expect(await diff(reader, await reader.snapshot(2), await reader.snapshot(1))).toEqual([`content ${root}/docs/b`]);
  });

  it('is what two plain listings say', async () => {
    const anyState = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f/g/h', 'f/g/i'), fc.constantFrom('1', '2', '3'));
    await fc.assert(
      fc.asyncProperty(fc.array(anyState, { minLength: 2, maxLength: 5 }), async (states) => {
        const { reader, snapshots } = await vaultOf(states);
        const changes = (await diff(reader, snapshots[0], snapshots.at(-1)!)).filter((line) => /\/(a|b|d|e|h|i)$/.test(line)).sort();
        const expected: string[] = [];
        const [before, after] = [states[0]!, states.at(-1)!];
        for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
          if (before[path] === after[path]) continue;
          expected.push(`${before[path] === undefined ? 'added' : after[path] === undefined ? 'removed' : 'content'} ${root}/${path}`);
        }
        expect(changes).toEqual(expected.sort());

        const found: string[] = [];
        const matches = (path: readonly Uint8Array[]): boolean => /[a-i]$/.test(printablePath(path));
        for await (const version of findVersions(reader, snapshots, { matches, contentOnly: true })) {
          if (version.entry.type === 'file') found.push(`${printablePath(version.path)} ${version.first}-${version.last}`);
        }
        const runs: string[] = [];
        for (const path of ['a', 'b', 'c/d', 'c/e', 'f/g/h', 'f/g/i']) {
          for (let i = 0; i < states.length; i += 1) {
            if (states[i]![path] === undefined || states[i - 1]?.[path] === states[i]![path]) continue;
            let last = i;
            while (states[last + 1]?.[path] === states[i]![path]) last += 1;
            runs.push(`${root}/${path} ${i + 1}-${last + 1}`);
          }
        }
        expect(found.sort()).toEqual(runs.sort());
      }),
      { numRuns: 40 },
    );
  });
});

describe('versions of what matches', () => {
  it('are found where the backed-up folders became more or fewer, too', async () => {
    const vault = await aVault();
    const docs = { a: '1', 'deep/b': '2' };
    const inside = {
      ...Object.fromEntries(Object.entries(docs).map(([path, text]) => [`docs/${path}`, text])),
      'docs2/c': '3',
      other: '4',
    };
    await vault.snapshot(folders(docs), { path: `${root}/docs` });
    await vault.snapshot(folders(inside));
    await vault.snapshot(folders({ ...inside, 'docs/a': 'new' }));
    await vault.snapshot(folders({ ...docs, a: 'new' }), { path: `${root}/docs` });
    const reader = await vault.open();
    const snapshots: Snapshot[] = [];
    for await (const snapshot of reader.snapshots()) snapshots.push(snapshot);
    const found: string[] = [];
    const matches = (path: readonly Uint8Array[]): boolean => /(\/[abc]|other)$/.test(printablePath(path));
    for await (const { path, first, last, removed } of findVersions(reader, snapshots, { matches, contentOnly: true }))
      found.push(`${printablePath(path).slice(root.length)} ${first}-${last}${removed ? ' removed' : ''}`);
    expect(found.sort()).toEqual(['/docs/a 1-2', '/docs/a 3-4', '/docs/deep/b 1-4', '/docs2/c 2-3 removed', '/other 2-3 removed']);
  });
});

describe('versions of one path', () => {
  it('say when it changed, went and came back', async () => {
    const states: Files[] = [{ x: '1' }, { a: '1' }, { a: '1', b: '2' }, { a: 'new' }, {}, { a: 'again' }];
    const { reader, snapshots } = await vaultOf(states);
    const found = [];
    for await (const { first, last, snapshots: count, removed } of versionsOfPath(reader, snapshots, pathNames(`${root}/a`)))
      found.push({ first, last, count, removed });
    expect(found).toEqual([
      { first: 2, last: 3, count: 2, removed: false },
      { first: 4, last: 4, count: 1, removed: true },
      { first: 6, last: 6, count: 1, removed: false },
    ]);
    const folder = [];
    for await (const { first, last } of versionsOfPath(reader, snapshots, pathNames(root))) folder.push([first, last]);
    expect(folder).toHaveLength(6);
  });
});
