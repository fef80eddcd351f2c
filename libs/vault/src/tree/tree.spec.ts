import { beforeAll, describe, expect, it } from '@jest/globals';
import * as dagCbor from '@ipld/dag-cbor';
import fc from 'fast-check';
import { cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { compareBytes, utf8 } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { VaultError } from '../errors.ts';
import { arbitraryEntry, optional } from '../testing/arbitrary-entries.ts';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { ContentWriter } from './content-writer.ts';
import { readEntry, writeEntry } from './entry-codec.ts';
import { windowsNameProblem } from './safe-name.ts';
import { decodeTree, encodeTreeEntries, encodeTreeParts } from './tree-codec.ts';
import type { TreeEntry } from './tree-entry.ts';
import { TreeWriter } from './tree-writer.ts';

const encode = (entry: TreeEntry): Uint8Array => {
  const w = new CborWriter();
  writeEntry(w, entry);
  return w.finish();
};
const fail = (what: string): VaultError => new VaultError('tree_corrupt', what);
const defined = (entry: TreeEntry): object => Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
const aFile = (text: string, more: Partial<TreeEntry> = {}): TreeEntry => ({
  name: utf8(text),
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 1,
  mtimeNs: 5n,
  size: 0,
  ...more,
});

describe('tree entries', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const reader = new CborReader(encode(entry), fail);
        expect(readEntry(reader)).toEqual(defined(entry));
        reader.end();
      }),
      { numRuns: 300 },
    );
  });

  it('are refused by the writer, or come back: whatever numbers the system says', () => {
    const odd = fc.oneof(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), fc.constantFrom(-(2n ** 63n) - 1n, 2n ** 63n, 2n ** 64n, -1n));
    const times = { mtimeNs: odd, ctimeNs: optional(odd), birthtimeNs: optional(odd) };
    const numbers = {
      ...times,
      inode: optional(odd),
      device: optional(odd),
      uid: fc.integer(),
      gid: fc.integer(),
      links: optional(fc.integer()),
    };
    fc.assert(
      fc.property(fc.record(numbers), (change) => {
        let bytes: Uint8Array;
        try {
          bytes = encode(aFile('a', change));
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_input' });
          return;
        }
        expect(readEntry(new CborReader(bytes, fail))).toEqual(defined(aFile('a', change)));
      }),
      { numRuns: 500 },
    );
  });

  it('are canonical dag-cbor: the reference codec writes the same bytes', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const bytes = encode(entry);
        expect(Buffer.compare(dagCbor.encode(dagCbor.decode(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, Partial<TreeEntry>]>([
    ['mode with type bits', { mode: 0o100644 }],
    ['a negative size', { size: -1 }],
    ['ids that are no ids', { size: 5, content: { ids: new Uint8Array(31) } }],
    ['more than 1,000 inline ids', { size: 5, content: { ids: new Uint8Array(1_001 * 32) } }],
    ['content of an empty file', { content: { ids: new Uint8Array(32) } }],
    ['content of an unreadable file', { size: 1, error: 'EACCES', content: { ids: new Uint8Array(32) } }],
    ['a tree of a file', { tree: new Uint8Array(32) }],
    ['a link target of a file', { linkTarget: utf8('x') }],
    ['a symlink without target', { type: 'symlink' }],
    ['a symlink to nothing', { type: 'symlink', linkTarget: new Uint8Array(0) }],
    ['a device number of a fifo', { type: 'fifo', rdev: 1n }],
    ['a device number beyond 64 bits', { type: 'block-device', rdev: 2n ** 64n }],
    ['an inode below zero', { inode: -1n }],
    ['a time that is 1601', { mtimeNs: -11_644_473_600_000_000_000n }],
    ['a change time of the year 2300', { ctimeNs: 10_413_792_000_000_000_000n }],
    ['a birth time beyond 64 bits', { birthtimeNs: 2n ** 64n }],
    ['a user with too long a name', { user: 'u'.repeat(1_025) }],
    ['a group with too long a name in bytes', { group: 'é'.repeat(513) }],
    ['a summary with a part', { type: 'directory', summary: { files: 0.5, directories: 0, bytes: 0 } }],
    [
      'ranges that overlap',
      {
        size: 10,
        dataRanges: [
          { offset: 0, length: 5 },
          { offset: 4, length: 2 },
        ],
      },
    ],
    [
      'ranges that touch',
      {
        size: 10,
        dataRanges: [
          { offset: 0, length: 5 },
          { offset: 5, length: 2 },
        ],
      },
    ],
    ['a range outside', { size: 10, dataRanges: [{ offset: 8, length: 3 }] }],
    [
      'xattrs out of order',
      {
        xattrs: [
          { name: utf8('b'), value: utf8('') },
          { name: utf8('a'), value: utf8('') },
        ],
      },
    ],
    ['no xattrs as a list', { xattrs: [] }],
  ])('are refused with %s', (_name, change) => {
    expect(() => encode(aFile('x', change))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('trees', () => {
  it('fail cleanly when damaged', () => {
    const encoded = ['a', 'b', 'c'].map((text) =>
      encode(aFile(text, { size: 3, content: { ids: new Uint8Array(64).fill(9) }, xattrs: [{ name: utf8('user.x'), value: utf8('y') }] })),
    );
    const parts = encodeTreeParts([
      { firstName: utf8('a'), id: new Uint8Array(32) },
      { firstName: utf8('m'), id: new Uint8Array(32).fill(1) },
    ]);
    for (const bytes of [encodeTreeEntries(encoded), parts]) {
      fc.assert(
        fc.property(mutationsOf(bytes), (damaged) => {
          const outcome = decodeOutcome(() => decodeTree(damaged));
          if ('code' in outcome) expect(['tree_corrupt', 'unsafe_name', 'unsupported_version']).toContain(outcome.code);
        }),
        { numRuns: 700 },
      );
    }
  });

  it.each([
    ['twice the same name', ['a', 'a'], 'tree_corrupt'],
    ['names out of order', ['b', 'a'], 'tree_corrupt'],
    ['a parent folder', ['..'], 'unsafe_name'],
    ['the folder itself', ['.'], 'unsafe_name'],
    ['a path', ['a/b'], 'unsafe_name'],
    ['an absolute path', ['/etc'], 'unsafe_name'],
    ['a NUL', ['a\0b'], 'unsafe_name'],
    ['no name', [''], 'unsafe_name'],
  ])('are refused with %s', (_name, names, code) => {
    const bytes = encodeTreeEntries(names.map((text) => encode(aFile(text))));
    expect(() => decodeTree(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

describe('TreeWriter', () => {
  let primitives: Primitives;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
  });

  async function write(all: readonly TreeEntry[]): Promise<{ chunks: Map<string, Uint8Array>; root: string }> {
    const chunks = new Map<string, Uint8Array>();
    const writer = new TreeWriter({
      primitives,
      gearKey: new Uint8Array(32).fill(1),
      store: async (_kind, plaintext) => {
        const treeId = primitives.blake3(plaintext);
        chunks.set(Buffer.from(treeId).toString('hex'), plaintext);
        return treeId;
      },
    });
    for (const entry of all) await writer.add(entry);
    return { chunks, root: Buffer.from(await writer.finish()).toString('hex') };
  }
  function readBack({ chunks, root }: { chunks: Map<string, Uint8Array>; root: string }): string[] {
    const tree = decodeTree(chunks.get(root)!);
    const parts =
      'entries' in tree
        ? [tree.entries]
        : tree.parts.map((part) => (decodeTree(chunks.get(Buffer.from(part.id).toString('hex'))!) as { entries: TreeEntry[] }).entries);
    return parts.flat().map((entry) => Buffer.from(entry.name).toString());
  }
  const files = (count: number): TreeEntry[] => Array.from({ length: count }, (_, i) => aFile(`f${String(i).padStart(6, '0')}`));

  it('keeps up to 4,096 entries in one chunk, and splits above', async () => {
    for (const [count, oneChunk] of [
      [0, true],
      [1, true],
      [4_096, true],
      [4_097, false],
    ] as const) {
      const written = await write(files(count));
      expect(written.chunks.size === 1).toBe(oneChunk);
      expect(readBack(written)).toHaveLength(count);
    }
  });

  it('rewrites one part and the list of parts for one more file in a huge folder', async () => {
    const before = await write(files(30_000));
    expect(before.chunks.size).toBeGreaterThan(8);
    const more = [...files(30_000), aFile('f015000x')].sort((a, b) => compareBytes(a.name, b.name));
    const after = await write(more);
    expect(readBack(after)).toHaveLength(30_001);
    expect([...after.chunks.keys()].filter((key) => !before.chunks.has(key)).length).toBeLessThanOrEqual(3);
  });

  it('splits by size too, so that no part grows far over 1 MiB', async () => {
    const written = await write(files(200).map((entry) => ({ ...entry, size: 5, content: { ids: new Uint8Array(1_000 * 32) } })));
    expect(Math.max(...[...written.chunks.values()].map((bytes) => bytes.length))).toBeLessThan(1.1 * 1024 * 1024);
    expect(readBack(written)).toHaveLength(200);
  });

  it.each([
    ['out of order', ['b', 'a'], 'invalid_input'],
    ['twice', ['a', 'a'], 'invalid_input'],
    ['unsafe', ['..'], 'unsafe_name'],
  ])('refuses names that are %s', async (_name, names, code) => {
    await expect(write(names.map((text) => aFile(text)))).rejects.toMatchObject({ code });
  });
});

describe('ContentWriter', () => {
  it.each([
    [0, undefined],
    [1, 'inline'],
    [1_000, 'inline'],
    [1_001, 1],
    [32_768, 1],
    [32_769, 2],
  ])('%d chunks', async (count, form) => {
    const lists: Uint8Array[] = [];
    const writer = new ContentWriter(async (kind, plaintext) => {
      expect(kind).toBe('chunkList');
      lists.push(plaintext);
      return new Uint8Array(32).fill(lists.length);
    });
    const chunkId = new Uint8Array(32);
    for (let n = 0; n < count; n += 1) {
      new DataView(chunkId.buffer).setUint32(0, n);
      await writer.add(chunkId);
    }
    const result = await writer.finish();
    if (!result) expect(form).toBeUndefined();
    else if ('ids' in result) expect([form, result.ids.length]).toEqual(['inline', count * 32]);
    else expect(result.depth).toBe(form);
    if (form === 2) expect(lists.map((list) => list.length / 32)).toEqual([32_768, 1, 2]);
  });
});

describe('names', () => {
  it.each([
    ['CON', true], ['con.txt', true], ['Aux .c', true], ['LPT9', true], ['COM¹', true], ['console', false], ['a:b', true], ['a?', true],
    ['trailing.', true], ['trailing ', true], ['x'.repeat(256), true], ['fine name.txt', false], ['ünï', false],
  ])('on Windows, %s', (text, problem) => {
    expect(windowsNameProblem(utf8(text)) !== undefined).toBe(problem);
  }); // prettier-ignore
  it('on Windows, not UTF-8', () => {
    expect(windowsNameProblem(Uint8Array.of(0xff))).toBe('is not UTF-8');
  });
});
