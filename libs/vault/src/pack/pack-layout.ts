import type { VaultId } from '#libs/kernel';
import { fromHex, toHex } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { formatVersion } from '../limits.ts';
import type { PackKind } from '../ports.ts';

/** `HFPK` ‖ version u8 ‖ kind u8 ‖ vault id 16 ‖ key epoch u32le ‖ nonce prefix 16. In clear, bound to every seal. */
export const packHeaderBytes = 42;
/** Sealed u32le directory offset ‖ u32le directory length (as sealed). The last bytes of a pack. */
export const packTrailerBytes = 24;

const magic = [0x48, 0x46, 0x50, 0x4b];
const kindNumbers: Readonly<Record<PackKind, number>> = { data: 1, meta: 2, index: 3 };
const kinds: readonly (PackKind | undefined)[] = [undefined, 'data', 'meta', 'index'];

export interface PackHeader {
  readonly kind: PackKind;
  readonly vaultId: VaultId;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
}

export function packKindNumber(kind: PackKind): number {
  return kindNumbers[kind];
}

export function packKindOf(number: number): PackKind | undefined {
  return kinds[number];
}

export function encodePackHeader(header: PackHeader): Uint8Array {
  const out = new Uint8Array(packHeaderBytes);
  out.set(magic);
  out[4] = formatVersion;
  out[5] = kindNumbers[header.kind];
  out.set(fromHex(header.vaultId), 6);
  new DataView(out.buffer).setUint32(22, header.epoch, true);
  out.set(header.noncePrefix, 26);
  return out;
}

/** Throws `pack_corrupt` (`where` names the pack) or `unsupported_version`. */
export function decodePackHeader(bytes: Uint8Array, where: string): PackHeader {
  if (bytes.length < packHeaderBytes || magic.some((byte, i) => bytes[i] !== byte)) {
    throw new VaultError('pack_corrupt', `${where}: the header is not that of a pack`, { context: { region: 'header', offset: 0 } });
  }
  if (bytes[4] !== formatVersion) {
    throw new VaultError('unsupported_version', `${where}: pack format version ${bytes[4]} is not known here`, {
      context: { region: 'header', offset: 4 },
    });
  }
  const kind = kinds[bytes[5]!];
  if (!kind) throw new VaultError('pack_corrupt', `${where}: unknown pack kind ${bytes[5]}`, { context: { region: 'header', offset: 5 } });
  const view = new DataView(bytes.buffer, bytes.byteOffset, packHeaderBytes);
  return {
    kind,
    vaultId: toHex(bytes.subarray(6, 22)) as VaultId,
    epoch: view.getUint32(22, true),
    noncePrefix: bytes.slice(26, packHeaderBytes),
  };
}
