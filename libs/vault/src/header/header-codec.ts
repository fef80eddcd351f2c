import type { SigningKeyPair } from '#libs/crypto';
import type { VaultId } from '#libs/kernel';
import { fromHex, toHex, utf8 } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields, required } from '../cbor/fields.ts';
import { checkSignature, decodeSigned, encodeSigned, openFile, sealFile } from '../cbor/signed-envelope.ts';
import { assertChunkerParameters } from '../chunk/chunker.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits } from '../limits.ts';
import { chunkerParameters, type KeySlot, type SlotKind, type VaultHeader, type VaultParameters } from './vault-header.ts';

const letters = 'HFVH';
const maxLabelBytes = 256;
const maxBoxBytes = 1_024;
/** Each try of a passphrase costs a reader memory and time, so a header can't hold many. */
const maxPassphraseSlots = 4;
const slotKinds: readonly SlotKind[] = ['passphrase', 'recovery', 'device'];
const blockHashes = ['blake3', 'sha256'] as const;
const fail = (what: string): VaultError => new VaultError('bad_header', `vault header: ${what}`);

/** The bytes of a header file: `HFVH` ‖ version ‖ dag-cbor [payload, signature]. Throws `invalid_input` for what readers would refuse. */
export function encodeHeader(header: VaultHeader, keys: SigningKeyPair): Uint8Array {
  const problem = headerProblem(header);
  if (problem) throw new VaultError('invalid_input', `vault header: ${problem}`);
  const w = new CborWriter(2048);
  w.map(8);
  w.text('v');
  w.int(formatVersion);
  w.text('epoch');
  w.int(header.epoch);
  w.text('slots');
  w.array(header.slots.length);
  for (const slot of header.slots) writeSlot(w, slot);
  w.text('vault');
  w.bytes(fromHex(header.vaultId));
  w.text('binding');
  w.bytes(header.binding);
  w.text('sequence');
  w.int(header.sequence);
  w.text('parameters');
  writeParameters(w, header.parameters);
  w.text('signingKey');
  w.bytes(header.signingPublicKey);
  const bytes = sealFile(letters, formatVersion, encodeSigned('vault-header', w.finish(), keys));
  if (bytes.length > limits.headerBytes)
    throw new VaultError('limit_exceeded', `a vault header of ${bytes.length} bytes is over the limit of ${limits.headerBytes}`);
  return bytes;
}

/**
 * Checks shape, limits, and the signature with the key that the header itself names. Whether that key is the owner's is
 * known once a slot is opened (`unlockHeader` checks the binding). Throws `bad_header`, `bad_signature`,
 * `unsupported_version` or `limit_exceeded`.
 */
export function decodeHeader(headerBytes: Uint8Array): VaultHeader {
  const signed = decodeSigned(openFile(headerBytes, letters, formatVersion, limits.headerBytes, 'bad_header'), limits.headerBytes, fail);
  const r = new CborReader(signed.payload, fail);
  const header: { -readonly [K in keyof VaultHeader]?: VaultHeader[K] } = {};
  let version: number | undefined;
  readFields(r, 8, (key) => {
    switch (key) {
      case 'v':
        return void (version = r.int(0, 0xffff));
      case 'epoch':
        return void (header.epoch = r.int(0, 0xffff_ffff));
      case 'slots':
        return void (header.slots = Array.from({ length: r.array(limits.slots) }, () => readSlot(r)));
      case 'vault':
        return void (header.vaultId = toHex(r.bytes(16, 16)) as VaultId);
      case 'binding':
        return void (header.binding = r.bytes(idBytes, idBytes));
      case 'sequence':
        return void (header.sequence = r.int(1, Number.MAX_SAFE_INTEGER));
      case 'parameters':
        return void (header.parameters = readParameters(r));
      case 'signingKey':
        return void (header.signingPublicKey = r.bytes(32, 32));
      default:
        return false;
    }
  });
  r.end();
  if (version !== formatVersion) throw fail('no version, or another one inside than outside');
  const complete: VaultHeader = {
    vaultId: required(r, 'vault', header.vaultId),
    sequence: required(r, 'sequence', header.sequence),
    signingPublicKey: required(r, 'signingKey', header.signingPublicKey),
    epoch: required(r, 'epoch', header.epoch),
    parameters: required(r, 'parameters', header.parameters),
    slots: required(r, 'slots', header.slots),
    binding: required(r, 'binding', header.binding),
  };
  const problem = headerProblem(complete);
  if (problem) throw r.fail(problem);
  checkSignature('vault-header', signed, complete.signingPublicKey, 'the vault header');
  return complete;
}

function writeSlot(w: CborWriter, slot: KeySlot): void {
  w.map(slot.publicKey ? 6 : 5);
  w.text('id');
  w.bytes(fromHex(slot.slotId));
  w.text('box');
  w.bytes(slot.box);
  if (slot.publicKey) {
    w.text('key');
    w.bytes(slot.publicKey);
  }
  w.text('kind');
  w.int(slotKinds.indexOf(slot.kind));
  w.text('label');
  w.text(slot.label);
  w.text('createdAt');
  w.int(slot.createdAtMs);
}

function readSlot(r: CborReader): KeySlot {
  const slot: { -readonly [K in keyof KeySlot]?: KeySlot[K] } = {};
  readFields(r, 6, (key) => {
    if (key === 'id') slot.slotId = toHex(r.bytes(8, 8));
    else if (key === 'box') slot.box = r.bytes(maxBoxBytes);
    else if (key === 'key') slot.publicKey = r.bytes(32, 32);
    else if (key === 'kind') slot.kind = slotKinds[r.int(0, slotKinds.length - 1)]!;
    else if (key === 'label') slot.label = r.text(maxLabelBytes);
    else if (key === 'createdAt') slot.createdAtMs = r.int(0, 8_640_000_000_000_000);
    else return false;
  });
  return {
    slotId: required(r, 'id', slot.slotId),
    kind: required(r, 'kind', slot.kind),
    label: required(r, 'label', slot.label),
    createdAtMs: required(r, 'createdAt', slot.createdAtMs),
    publicKey: slot.publicKey,
    box: required(r, 'box', slot.box),
  };
}

function writeParameters(w: CborWriter, p: VaultParameters): void {
  w.map(7);
  w.text('chunkAvg');
  w.int(p.chunkAvgBytes);
  w.text('chunkMax');
  w.int(p.chunkMaxBytes);
  w.text('chunkMin');
  w.int(p.chunkMinBytes);
  w.text('dataPack');
  w.int(p.dataPackBytes);
  w.text('metaPack');
  w.int(p.metaPackBytes);
  w.text('blockHash');
  w.int(blockHashes.indexOf(p.blockHash));
  w.text('compression');
  w.int(p.compressionLevel);
}

function readParameters(r: CborReader): VaultParameters {
  const p: { -readonly [K in keyof VaultParameters]?: VaultParameters[K] } = {};
  const size = (): number => r.int(1, limits.packBytes);
  readFields(r, 7, (key) => {
    if (key === 'chunkAvg') p.chunkAvgBytes = size();
    else if (key === 'chunkMax') p.chunkMaxBytes = size();
    else if (key === 'chunkMin') p.chunkMinBytes = size();
    else if (key === 'dataPack') p.dataPackBytes = size();
    else if (key === 'metaPack') p.metaPackBytes = size();
    else if (key === 'blockHash') p.blockHash = blockHashes[r.int(0, 1)]!;
    else if (key === 'compression') p.compressionLevel = r.int(0, 19);
    else return false;
  });
  return {
    chunkMinBytes: required(r, 'chunkMin', p.chunkMinBytes),
    chunkAvgBytes: required(r, 'chunkAvg', p.chunkAvgBytes),
    chunkMaxBytes: required(r, 'chunkMax', p.chunkMaxBytes),
    compressionLevel: required(r, 'compression', p.compressionLevel),
    dataPackBytes: required(r, 'dataPack', p.dataPackBytes),
    metaPackBytes: required(r, 'metaPack', p.metaPackBytes),
    blockHash: required(r, 'blockHash', p.blockHash),
  };
}

function headerProblem({ slots, parameters }: VaultHeader): string | undefined {
  if (slots.length > limits.slots) return `more than ${limits.slots} key slots`;
  if (slots.filter((slot) => slot.kind === 'passphrase').length > maxPassphraseSlots) return `more than ${maxPassphraseSlots} passphrases`;
  if (new Set(slots.map((slot) => slot.slotId)).size !== slots.length) return 'two key slots with one id';
  if (slots.some((slot) => (slot.kind === 'passphrase') === (slot.publicKey !== undefined)))
    return 'a key slot without its public key, or a passphrase with one';
  if (slots.some((slot) => slot.box.length === 0 || slot.box.length > maxBoxBytes)) return 'an empty or overlong key slot';
  if (slots.some((slot) => utf8(slot.label).length > maxLabelBytes)) return `a label of a key slot is longer than ${maxLabelBytes} bytes`;
  try {
    assertChunkerParameters(chunkerParameters(parameters));
  } catch (error) {
    return (error as Error).message;
  }
  const { dataPackBytes, metaPackBytes } = parameters;
  if (dataPackBytes > limits.packBytes || metaPackBytes > limits.packBytes) return 'pack sizes over the limit';
  return undefined;
}
