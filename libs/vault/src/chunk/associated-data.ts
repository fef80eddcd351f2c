import type { VaultId } from '#libs/kernel';
import { fromHex } from '#libs/kernel';
import { formatVersion } from '../limits.ts';
import { type ChunkKind, chunkKinds } from './chunk-kind.ts';

const noId = new Uint8Array(32);

/**
 * What a seal is bound to: version u8 ‖ vault id 16 ‖ chunk kind u8 ‖ n u64le ‖ chunk id 32 (zeros for directory and
 * trailer); n is the chunk's byte offset in its pack. The array returned is used again by the next call.
 */
export function associatedDataFor(vaultId: VaultId): (kind: ChunkKind, offset: number, id?: Uint8Array) => Uint8Array {
  const bytes = new Uint8Array(58);
  const view = new DataView(bytes.buffer);
  bytes[0] = formatVersion;
  bytes.set(fromHex(vaultId), 1);
  return (kind, offset, id = noId) => {
    bytes[17] = chunkKinds[kind];
    // Packs end far below 2^32.
    view.setUint32(18, offset, true);
    bytes.set(id, 26);
    return bytes;
  };
}
