import { type ChunkKind, chunkKinds } from '../chunk/chunk-kind.ts';
import { VaultError } from '../errors.ts';
import { limits, sealOverhead } from '../limits.ts';
import { packHeaderBytes } from './pack-layout.ts';

/** Plain directory: u32le count ‖ count × (kind u8 ‖ id 32 ‖ offset u32le ‖ sealed length u32le ‖ plain length u32le), by offset. */
export const directoryEntryBytes = 45;
const countBytes = 4;

/** A chunk in a pack. Stored raw when `sealedLength - 16 === plainLength`, else as Zstandard. */
export interface DirectoryEntry {
  readonly kind: ChunkKind;
  readonly id: Uint8Array;
  readonly offset: number;
  readonly sealedLength: number;
  readonly plainLength: number;
}

const kindOf = new Map<number, ChunkKind>(
  (Object.entries(chunkKinds) as [ChunkKind, number][]).filter(([, n]) => n <= chunkKinds.indexFragment).map(([kind, n]) => [n, kind]),
);

export function directorySize(chunks: number): number {
  return countBytes + chunks * directoryEntryBytes;
}

export function encodeDirectory(entries: readonly DirectoryEntry[]): Uint8Array {
  const out = new Uint8Array(directorySize(entries.length));
  const view = new DataView(out.buffer);
  view.setUint32(0, entries.length, true);
  let at = countBytes;
  for (const entry of entries) {
    out[at] = chunkKinds[entry.kind];
    out.set(entry.id, at + 1);
    view.setUint32(at + 33, entry.offset, true);
    view.setUint32(at + 37, entry.sealedLength, true);
    view.setUint32(at + 41, entry.plainLength, true);
    at += directoryEntryBytes;
  }
  return out;
}

/** The most plain bytes that a chunk of this kind may have. */
export function plainLimit(kind: ChunkKind): number {
  return kind === 'data' ? limits.dataChunkBytes : limits.metaChunkBytes;
}

/** Throws unless the lengths are ones that a writer may have written. */
export function lengthsAllowed(kind: ChunkKind, sealedLength: number, plainLength: number): boolean {
  return plainLength <= plainLimit(kind) && sealedLength >= sealOverhead && sealedLength <= plainLength + sealOverhead;
}

/** The entries of a plain directory that {@link checkDirectory} passed, or that this program wrote itself. */
export function* readDirectory(directory: Uint8Array): Generator<DirectoryEntry> {
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
  for (let at = countBytes; at < directory.length; at += directoryEntryBytes) {
    yield {
      kind: kindOf.get(directory[at]!)!,
      id: directory.slice(at + 1, at + 33),
      offset: view.getUint32(at + 33, true),
      sealedLength: view.getUint32(at + 37, true),
      plainLength: view.getUint32(at + 41, true),
    };
  }
}

/** Throws `pack_corrupt` unless count, kinds, order and bounds are sound; chunks must end at `directoryOffset`. */
export function checkDirectory(directory: Uint8Array, directoryOffset: number, where: string): void {
  const bad = (what: string): VaultError =>
    new VaultError('pack_corrupt', `${where}: directory ${what}`, { context: { region: 'directory', offset: directoryOffset } });
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
  if (directory.length < countBytes) throw bad('is too short');
  const count = view.getUint32(0, true);
  if (count > limits.chunksPerPack || directory.length !== directorySize(count)) throw bad(`has a wrong count (${count})`);
  let next = packHeaderBytes;
  for (let at = countBytes; at < directory.length; at += directoryEntryBytes) {
    const kind = kindOf.get(directory[at]!);
    if (!kind) throw bad(`names an unknown kind of chunk (${directory[at]})`);
    const offset = view.getUint32(at + 33, true);
    const sealedLength = view.getUint32(at + 37, true);
    if (offset !== next || !lengthsAllowed(kind, sealedLength, view.getUint32(at + 41, true)))
      throw bad(`has impossible lengths at offset ${offset}`);
    next = offset + sealedLength;
  }
  if (next !== directoryOffset) throw bad('does not end where the chunks end');
}
