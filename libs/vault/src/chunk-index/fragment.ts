import type { PackId } from '#libs/kernel';
import { compareBytes } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields, required } from '../cbor/fields.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits, sealOverhead } from '../limits.ts';
import { packHeaderBytes, packKindNumber, packKindOf } from '../pack/pack-layout.ts';
import { cidBytes, packIdBytes, packIdFromBytes } from '../pack/pack-id.ts';
import type { ChunkIndex, IndexedChunk } from './chunk-index.ts';
import type { PackBitmap } from './pack-bitmap.ts';
import type { PackInfo, PackTable } from './pack-table.ts';

/** id 32 ‖ pack ordinal u32le ‖ offset u32le ‖ sealed length u32le ‖ plain length u32le. */
export const fragmentEntryBytes = 48;

/**
 * Index fragments of these packs and of every chunk in them, sorted by id: u32le header length ‖ dag-cbor header ‖
 * entries. At least one, even when there is nothing new; more than one beyond 262,144 chunks. Chunks in packs that are
 * not given are left out; of a chunk in several of them the first place counts. Memory: 48 bytes and one reference a chunk.
 */
export function encodeFragments(
  packs: readonly PackInfo[],
  chunks: Iterable<IndexedChunk>,
  entriesPerFragment: number = limits.entriesPerFragment,
): Uint8Array[] {
  const known = new Map(packs.map((pack) => [pack.ordinal, pack]));
  const sorted = [...chunks]
    .filter((chunk) => known.has(chunk.ordinal))
    .sort((a, b) => compareBytes(a.id, b.id))
    // A reader refuses an id that is there twice.
    .filter((chunk, i, all) => i === 0 || compareBytes(all[i - 1]!.id, chunk.id) !== 0);
  const fragments: Uint8Array[] = [];
  let first = 0;
  do {
    const part = sorted.slice(first, first + entriesPerFragment);
    // Packs without chunks (index packs) go with the first fragment.
    const used = new Set(part.map((chunk) => chunk.ordinal));
    const elsewhere = first === 0 ? new Set(sorted.slice(entriesPerFragment).map((chunk) => chunk.ordinal)) : new Set<number>();
    fragments.push(
      encodeFragment(
        packs.filter((pack) => used.has(pack.ordinal) || (first === 0 && !elsewhere.has(pack.ordinal))),
        part,
      ),
    );
    first += part.length;
  } while (first < sorted.length);
  return fragments;
}

function encodeFragment(packs: readonly PackInfo[], chunks: readonly IndexedChunk[]): Uint8Array {
  const header = new CborWriter();
  header.map(3);
  header.text('v');
  header.int(formatVersion);
  header.text('count');
  header.int(chunks.length);
  header.text('packs');
  header.array(packs.length);
  for (const pack of [...packs].sort((a, b) => a.ordinal - b.ordinal)) {
    header.map(6);
    header.text('id');
    header.bytes(packIdBytes(pack.packId));
    header.text('kind');
    header.int(packKindNumber(pack.kind));
    header.text('size');
    header.int(pack.sizeBytes);
    header.text('epoch');
    header.int(pack.epoch);
    header.text('ordinal');
    header.int(pack.ordinal);
    header.text('noncePrefix');
    header.bytes(pack.noncePrefix);
  }
  const out = new Uint8Array(4 + header.length + chunks.length * fragmentEntryBytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, header.length, true);
  out.set(header.finish(), 4);
  let at = 4 + header.length;
  for (const chunk of chunks) {
    out.set(chunk.id, at);
    view.setUint32(at + 32, chunk.ordinal, true);
    view.setUint32(at + 36, chunk.offset, true);
    view.setUint32(at + 40, chunk.sealedLength, true);
    view.setUint32(at + 44, chunk.plainLength, true);
    at += fragmentEntryBytes;
  }
  return out;
}

/**
 * Checks a fragment whole, then adds its packs and chunks; what it says of a chunk replaces what was known. So
 * fragments are merged in the order in which they were written. Packs in `dead` and their chunks are left out. Throws `index_corrupt` and leaves both tables alone.
 */
export function mergeFragment(fragment: Uint8Array, packs: PackTable, index: ChunkIndex, dead?: PackBitmap): void {
  const fail = (what: string): VaultError =>
    new VaultError('index_corrupt', `index fragment: ${what}`, { context: { region: 'index fragment' } });
  if (fragment.length < 4) throw fail('too short');
  const view = new DataView(fragment.buffer, fragment.byteOffset, fragment.byteLength);
  const headerLength = view.getUint32(0, true);
  if (headerLength > fragment.length - 4) throw fail('its header is longer than itself');
  const header = decodeFragmentHeader(fragment.subarray(4, 4 + headerLength), fail);
  const from = 4 + headerLength;
  if (fragment.length - from !== header.count * fragmentEntryBytes) throw fail(`says ${header.count} entries and has another number`);
  const byOrdinal = new Map(header.packs.map((pack) => [pack.ordinal, pack]));
  for (let at = from; at < fragment.length; at += fragmentEntryBytes) {
    const pack = byOrdinal.get(view.getUint32(at + 32, true));
    const offset = view.getUint32(at + 36, true);
    const sealedLength = view.getUint32(at + 40, true);
    const plainLength = view.getUint32(at + 44, true);
    const sound =
      pack !== undefined &&
      offset >= packHeaderBytes &&
      offset + sealedLength <= pack.sizeBytes &&
      sealedLength >= sealOverhead &&
      sealedLength <= plainLength + sealOverhead &&
      plainLength <= (pack.kind === 'data' ? limits.dataChunkBytes : limits.metaChunkBytes);
    if (!sound) throw fail(`an entry points nowhere, at byte ${at}`);
    if (
      at > from &&
      compareBytes(fragment.subarray(at - fragmentEntryBytes, at - fragmentEntryBytes + idBytes), fragment.subarray(at, at + idBytes)) >= 0
    ) {
      throw fail(`entries out of order at byte ${at}`);
    }
  }
  for (const pack of header.packs) if (!dead?.has(pack.ordinal)) packs.add(pack);
  for (let at = from; at < fragment.length; at += fragmentEntryBytes) {
    const ordinal = view.getUint32(at + 32, true);
    if (dead?.has(ordinal)) continue;
    index.insert(
      fragment.subarray(at, at + idBytes),
      ordinal,
      view.getUint32(at + 36, true),
      view.getUint32(at + 40, true),
      view.getUint32(at + 44, true),
    );
  }
}

function decodeFragmentHeader(
  bytes: Uint8Array,
  fail: (what: string) => VaultError,
): { readonly count: number; readonly packs: readonly PackInfo[] } {
  const reader = new CborReader(bytes, fail);
  let version: number | undefined;
  let count: number | undefined;
  let packs: PackInfo[] | undefined;
  readFields(reader, 3, (key) => {
    if (key === 'v') version = reader.int(0, 0xffff);
    else if (key === 'count') count = reader.int(0, limits.entriesPerFragment);
    else if (key === 'packs') {
      packs = [];
      for (let left = reader.array(limits.packs); left > 0; left -= 1) {
        const pack = readPack(reader);
        if (packs.length > 0 && packs.at(-1)!.ordinal >= pack.ordinal) throw reader.fail('packs out of order');
        packs.push(pack);
      }
    } else return false;
  });
  reader.end();
  if (version !== formatVersion) throw new VaultError('unsupported_version', `index fragment of version ${version} is not known here`);
  return { count: required(reader, 'count', count), packs: required(reader, 'packs', packs) };
}

function readPack(reader: CborReader): PackInfo {
  let packId: PackId | undefined;
  let kind: PackInfo['kind'] | undefined;
  let sizeBytes: number | undefined;
  let epoch: number | undefined;
  let ordinal: number | undefined;
  let noncePrefix: Uint8Array | undefined;
  readFields(reader, 6, (key) => {
    if (key === 'id') packId = packIdFromBytes(reader.bytes(cidBytes));
    else if (key === 'kind') kind = packKindOf(reader.int(1, 3));
    else if (key === 'size') sizeBytes = reader.int(1, limits.packBytes);
    else if (key === 'epoch') epoch = reader.int(0, 0xffff_ffff);
    else if (key === 'ordinal') ordinal = reader.int(0, 0xffff_ffff);
    else if (key === 'noncePrefix') noncePrefix = reader.bytes(16, 16);
    else return false;
  });
  return {
    packId: required(reader, 'id', packId),
    kind: required(reader, 'kind', kind),
    sizeBytes: required(reader, 'size', sizeBytes),
    epoch: required(reader, 'epoch', epoch),
    ordinal: required(reader, 'ordinal', ordinal),
    noncePrefix: required(reader, 'noncePrefix', noncePrefix),
  };
}
