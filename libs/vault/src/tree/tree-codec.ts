import { compareBytes } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields } from '../cbor/fields.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits } from '../limits.ts';
import { readEntry } from './entry-codec.ts';
import { assertSafeName } from './safe-name.ts';
import type { TreeEntry } from './tree-entry.ts';

/** One part of a directory that was split: the first name in it and its id. */
export interface TreePart {
  readonly firstName: Uint8Array;
  readonly id: Uint8Array;
}

/** A tree chunk holds either entries, or the parts of a directory that was split. */
export type TreeChunk = { readonly entries: readonly TreeEntry[] } | { readonly parts: readonly TreePart[] };

/** `{e: [entry…], v: 1}` around entries that are encoded already. */
export function encodeTreeEntries(encoded: readonly Uint8Array[]): Uint8Array {
  const w = new CborWriter(64 + encoded.reduce((sum, entry) => sum + entry.length, 0));
  w.map(2);
  w.text('e');
  w.array(encoded.length);
  for (const entry of encoded) w.raw(entry);
  w.text('v');
  w.int(formatVersion);
  return w.finish();
}

/** `{p: [first name, id, …], v: 1}`. */
export function encodeTreeParts(parts: readonly TreePart[]): Uint8Array {
  const w = new CborWriter(64 + parts.length * 64);
  w.map(2);
  w.text('p');
  w.array(parts.length * 2);
  for (const { firstName, id } of parts) {
    w.bytes(firstName);
    w.bytes(id);
  }
  w.text('v');
  w.int(formatVersion);
  return w.finish();
}

/** Throws `tree_corrupt` for anything that a writer does not write, `unsafe_name` for names that lead elsewhere. */
export function decodeTree(plaintext: Uint8Array): TreeChunk {
  const fail = (what: string): VaultError => new VaultError('tree_corrupt', `tree: ${what}`);
  if (plaintext.length > limits.metaChunkBytes) throw new VaultError('limit_exceeded', `a tree of ${plaintext.length} bytes is too long`);
  const r = new CborReader(plaintext, fail);
  let entries: TreeEntry[] | undefined;
  let parts: TreePart[] | undefined;
  let version: number | undefined;
  readFields(r, 2, (key) => {
    if (key === 'e') entries = readEntries(r);
    else if (key === 'p') parts = readParts(r);
    else if (key === 'v') version = r.int(0, 0xffff);
    else return false;
  });
  r.end();
  if (version !== formatVersion)
    throw version === undefined
      ? fail('no version')
      : new VaultError('unsupported_version', `tree of version ${version} is not known here`);
  if (entries) return { entries };
  if (parts) return { parts };
  throw fail('neither entries nor parts');
}

function readEntries(r: CborReader): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let previous: Uint8Array | undefined;
  for (let left = r.array(limits.entriesPerPart); left > 0; left -= 1) {
    const entry = readEntry(r);
    previous = nextName(r, previous, entry.name);
    entries.push(entry);
  }
  return entries;
}

function readParts(r: CborReader): TreePart[] {
  const count = r.array(limits.partsPerDirectory * 2);
  if (count < 2 || count % 2 !== 0) throw r.fail('parts are pairs');
  const parts: TreePart[] = [];
  let previous: Uint8Array | undefined;
  for (let i = 0; i < count; i += 2) {
    previous = nextName(r, previous, r.bytes(limits.nameBytes));
    parts.push({ firstName: previous, id: r.bytes(idBytes, idBytes) });
  }
  return parts;
}

/** The name, once it is known to be safe and to come after the one before. */
function nextName(r: CborReader, previous: Uint8Array | undefined, name: Uint8Array): Uint8Array {
  assertSafeName(name);
  if (previous && compareBytes(previous, name) >= 0) throw r.fail('names out of order or twice');
  return name;
}
