import fc from 'fast-check';
import { compareBytes, utf8 } from '#libs/kernel';
import { nameProblem } from '../tree/safe-name.ts';
import type { TreeEntry, Xattr } from '../tree/tree-entry.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Safe ones. */
export const arbitraryName = fc.uint8Array({ minLength: 1, maxLength: 30 }).filter((bytes) => nameProblem(bytes) === undefined);
export const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.nat(2 ** 32 - 1);
const xattrs: fc.Arbitrary<Xattr[]> = fc
  .uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z.]{1,12}$/).map(utf8), value: fc.uint8Array({ maxLength: 40 }) }), {
    minLength: 1,
    maxLength: 4,
    selector: (xattr) => String(xattr.name),
  })
  .map((all) => all.sort((a, b) => compareBytes(a.name, b.name)));
const common = { name: arbitraryName, mode: fc.nat(0o7777), uid: u32, gid: u32, user: optional(fc.string({ unit: 'grapheme', maxLength: 8 })), group: optional(fc.string({ maxLength: 30 })), mtimeNs: time, ctimeNs: optional(time), birthtimeNs: optional(time), inode: optional(wide), device: optional(wide), links: optional(u32), xattrs: optional(xattrs) }; // prettier-ignore
const nothing = { size: fc.constant(0), rdev: fc.constant(undefined) };
const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const content = fc.oneof(
  fc.array(id, { minLength: 1, maxLength: 5 }).map((ids) => ({ ids: Uint8Array.from(ids.flatMap((one) => [...one])) })),
  fc.record({ chunkList: id, depth: fc.integer({ min: 1, max: 3 }) }),
);
/** Entries of all types with all that they can say, as a writer takes them. */
export const arbitraryEntry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.record({ ...common, type: fc.constant('file' as const), size, content, changedWhileRead: fc.constantFrom(undefined, true) }),
  fc.record({
    ...common,
    type: fc.constant('file' as const),
    size: fc.constant(1_000),
    content,
    dataRanges: fc.constantFrom(
      [{ offset: 0, length: 10 }],
      [
        { offset: 5, length: 1 },
        { offset: 900, length: 100 },
      ],
    ),
  }),
  fc.record({ ...common, type: fc.constant('file' as const), size: fc.constant(1_000), dataRanges: fc.constant([]) }),
  fc.record({ ...common, type: fc.constant('file' as const), size, error: fc.constant('EACCES') }),
  fc.record({
    ...common,
    ...nothing,
    type: fc.constant('directory' as const),
    tree: id,
    summary: optional(fc.record({ files: fc.nat(), directories: fc.nat(), bytes: fc.maxSafeNat() })),
  }),
  fc.record({
    ...common,
    ...nothing,
    type: fc.constant('symlink' as const),
    linkTarget: fc.uint8Array({ minLength: 1, maxLength: 50 }).filter((bytes) => !bytes.includes(0)),
  }),
  fc.record({ ...common, ...nothing, type: fc.constantFrom('fifo' as const, 'socket' as const) }),
  fc.record({ ...common, size: fc.constant(0), type: fc.constantFrom('block-device' as const, 'char-device' as const), rdev: wide }),
);
