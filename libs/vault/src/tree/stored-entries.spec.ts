import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes, utf8 } from '#libs/kernel';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { arbitraryEntry, arbitraryName } from '../testing/arbitrary-entries.ts';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { writeEntry } from './entry-codec.ts';
import { type FileStamp, StoredEntries } from './stored-entries.ts';
import { decodeTree, encodeTreeEntries, encodeTreeParts } from './tree-codec.ts';
import type { TreeEntry } from './tree-entry.ts';

const folder = fc
  .array(arbitraryEntry, { maxLength: 12 })
  .map((all) =>
    all.sort((a, b) => compareBytes(a.name, b.name)).filter(({ name }, i) => i === 0 || compareBytes(all[i - 1]!.name, name) < 0),
  );
const treeOf = (all: readonly TreeEntry[]): Uint8Array =>
  encodeTreeEntries(
    all.map((entry) => {
      const w = new CborWriter();
      writeEntry(w, entry);
      return w.finish();
    }),
  );
/** All that are there, with what is said of each. */
function walk(tree: Uint8Array): { entries: TreeEntry[]; ids: Uint8Array[]; between: TreeEntry[] } {
  const stored = StoredEntries.of(tree)!;
  const entries: TreeEntry[] = [];
  const ids: Uint8Array[] = [];
  const from = stored.position;
  for (; stored.isAtEntry; stored.next()) {
    entries.push(stored.entry());
    ids.push(stored.ids.bytes.slice(stored.ids.from, stored.ids.until));
  }
  expect(stored.count).toBe(entries.length);
  return { entries, ids, between: [...stored.between(from, stored.position)] };
}

const plain: TreeEntry = {
  ...{ name: utf8('a file'), type: 'file', mode: 0o640, uid: 1000, gid: 70_000, size: 5_000_000_000, user: 'ada', group: 'team' },
  ...{ mtimeNs: 1_767_603_600_123_456_789n, ctimeNs: 1_767_603_600_987_654_321n, birthtimeNs: 1_700_000_000_000_000_000n },
  ...{ inode: 2n ** 63n + 5n, content: { ids: new Uint8Array(64).fill(7) }, dataRanges: [{ offset: 0, length: 10 }] },
  xattrs: [{ name: utf8('user.a'), value: utf8('b') }],
};
const stampOf = (entry: TreeEntry): FileStamp => ({
  ...{ mode: entry.mode, uid: entry.uid, gid: entry.gid, sizeBytes: entry.size },
  ...{ mtimeNs: entry.mtimeNs, ctimeNs: entry.ctimeNs ?? 0n, birthtimeNs: entry.birthtimeNs ?? 0n, inode: entry.inode ?? 0n },
});
const isFile = (entry: TreeEntry, stamp: FileStamp): boolean => StoredEntries.of(treeOf([entry]))!.isFile(stamp);

describe('stored entries', () => {
  it('are those that the whole tree has', () => {
    fc.assert(
      fc.property(folder, (all) => {
        const tree = treeOf(all);
        const { entries } = decodeTree(tree) as { entries: TreeEntry[] };
        const ids = all.map(({ content }) => (content && 'ids' in content ? content.ids : new Uint8Array()));
        expect(walk(tree)).toEqual({ entries, ids, between: entries });
      }),
      { numRuns: 300 },
    );
  });

  it('are found by name', () => {
    fc.assert(
      fc.property(folder, arbitraryName, (all, name) => {
        for (const stored = StoredEntries.of(treeOf(all))!, at = { i: 0 }; stored.isAtEntry; stored.next(), at.i += 1)
          expect(Math.sign(stored.compareName(name))).toBe(Math.sign(compareBytes(all[at.i]!.name, name)));
      }),
      { numRuns: 100 },
    );
  });

  it('know a plain file by all that is said of it', () => {
    const stamp = stampOf(plain);
    expect(isFile(plain, stamp)).toBe(true);
    expect(
      isFile(
        { ...plain, size: 0, content: undefined, dataRanges: undefined, birthtimeNs: undefined },
        { ...stamp, sizeBytes: 0, birthtimeNs: 0n },
      ),
    ).toBe(true);
    const numbers = ['mode', 'uid', 'gid', 'sizeBytes'] as const;
    const wide = ['mtimeNs', 'ctimeNs', 'birthtimeNs', 'inode'] as const;
    for (const key of numbers) expect(isFile(plain, { ...stamp, [key]: stamp[key] + 1 })).toBe(false);
    for (const key of wide)
      for (const change of [1n, 2n ** 32n, -(2n ** 33n)]) expect(isFile(plain, { ...stamp, [key]: stamp[key] + change })).toBe(false);
  });

  it.each<[string, Partial<TreeEntry>]>([
    ['a folder', { type: 'directory', size: 0, content: undefined, dataRanges: undefined, tree: new Uint8Array(32) }],
    ['a file that could not be read', { error: 'EACCES', content: undefined, dataRanges: undefined }],
    ['a file that changed while it was read', { changedWhileRead: true }],
    ['a file with more names', { links: 2, device: 5n }],
    ['a file whose chunks are in a list', { content: { chunkList: new Uint8Array(32), depth: 1 } }],
    ['a file whose change time is not known', { ctimeNs: undefined }],
    ['a file whose inode is not known', { inode: undefined }],
    ['a file of before 1970', { mtimeNs: -1n }],
  ])('leave %s to be looked at', (_, change) => {
    const entry = { ...plain, ...change };
    expect(isFile(entry, stampOf(entry))).toBe(false);
  });

  it('say of no other entry that it is this file', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const { type, error, changedWhileRead, links, device, content, ctimeNs, inode } = entry;
        const isPlain = type === 'file' && error === undefined && !changedWhileRead && links === undefined && device === undefined;
        const times = [entry.mtimeNs, ctimeNs ?? -1n, entry.birthtimeNs ?? 0n];
        const expected = isPlain && (!content || 'ids' in content) && inode !== undefined && times.every((ns) => ns >= 0n);
        expect(isFile(entry, stampOf(entry))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('are not found in what is no list of entries, or in one of a later version', () => {
    const later = treeOf([plain]);
    later[later.length - 1] = 2;
    const parts = encodeTreeParts([{ firstName: utf8('a'), id: new Uint8Array(32) }]);
    for (const bytes of [parts, later, new Uint8Array(), treeOf([]).subarray(0, 3)]) expect(StoredEntries.of(bytes)).toBeUndefined();
    expect(walk(treeOf([]))).toEqual({ entries: [], ids: [], between: [] });
  });

  it('end in an error or are what a damaged tree has as a whole; no other error, nothing endless', () => {
    const tree = treeOf([
      plain,
      { ...plain, name: utf8('b'), type: 'symlink', size: 0, content: undefined, dataRanges: undefined, linkTarget: utf8('x') },
    ]);
    fc.assert(
      fc.property(mutationsOf(tree), (damaged) => {
        const whole = decodeOutcome(() => decodeTree(damaged));
        const stored = decodeOutcome(() => StoredEntries.of(damaged) && walk(damaged).entries);
        if ('code' in stored) {
          expect(['tree_corrupt', 'unsafe_name']).toContain(stored.code);
          expect(whole).toHaveProperty('code');
        } else if ('value' in whole && 'entries' in whole.value) expect(stored.value).toEqual(whole.value.entries);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a mode', [0x61, 0x6d, 0x19, 0x01, 0xa0], [0x61, 0x6d, 0x1a, 0, 0, 0x01, 0xa0]],
    ['a type', [0x61, 0x74, 0x00], [0x61, 0x74, 0x18, 0x00]],
    ['a length', [0x61, 0x6e, 0x46], [0x61, 0x6e, 0x59, 0, 6]],
    ['a user', [0x61, 0x75, 0x19, 0x03, 0xe8], [0x61, 0x75, 0x1b, 0, 0, 0, 0, 0, 0, 0x03, 0xe8]],
  ])('are taken with numbers in their shortest form only: %s', (_, short, long) => {
    const tree = Buffer.from(treeOf([plain]));
    const at = tree.indexOf(Buffer.from(short));
    expect(at).toBeGreaterThan(0);
    const longer = Buffer.concat([tree.subarray(0, at), Buffer.from(long), tree.subarray(at + short.length)]);
    for (const read of [() => decodeTree(longer), () => StoredEntries.of(longer)])
      expect(read).toThrow(expect.objectContaining({ code: 'tree_corrupt' }));
  });

  it('are never said to be this file where no reader takes them', () => {
    const more = { ...plain, xattrs: undefined, dataRanges: undefined };
    const tree = treeOf([more, { ...more, name: utf8('b'), user: 'jürgen' }, { ...plain, name: utf8('c') }]);
    fc.assert(
      fc.property(mutationsOf(tree), (damaged) => {
        decodeOutcome(() => {
          const stored = StoredEntries.of(damaged);
          if (!stored) return;
          for (; stored.isAtEntry; stored.next()) {
            // Names of files are safe ones: the system would have no others.
            if (!stored.isFile(stampOf(plain))) continue;
            const outcome = decodeOutcome(() => stored.entry());
            expect('value' in outcome ? 'read' : outcome.code).not.toBe('tree_corrupt');
          }
        });
      }),
      { numRuns: 20_000 },
    );
  });
});
