import type { Primitives, SigningKeyPair } from '#libs/crypto';
import type { PackId, VaultId } from '#libs/kernel';
import { compareBytes, fromHex, toHex } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields, required } from '../cbor/fields.ts';
import { checkSignature, decodeSigned, encodeSigned, openFile, sealFile } from '../cbor/signed-envelope.ts';
import { PackBitmap } from '../chunk-index/pack-bitmap.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits, sealOverhead } from '../limits.ts';
import { cidBytes, packIdBytes, packIdFromBytes } from '../pack/pack-id.ts';
import { packHeaderBytes } from '../pack/pack-layout.ts';
import type { HeadIndexPack, HeadSnapshot, VaultHead } from './vault-head.ts';

const letters = 'HFHD';
/** One bit an ordinal: 8 million packs. */
const maxDeadBytes = 1024 * 1024;
const maxTime = 8_640_000_000_000_000;
const fail = (what: string): VaultError => new VaultError('bad_head', `vault head: ${what}`);

/** The bytes of a head file: `HFHD` ‖ version ‖ dag-cbor [payload, signature]. Throws `invalid_input` for what readers would refuse. */
export function encodeHead(head: VaultHead, keys: SigningKeyPair): Uint8Array {
  const problem = headProblem(head);
  if (problem) throw new VaultError('invalid_input', `vault head: ${problem}`);
  const w = new CborWriter(1024 + head.snapshots.length * 80 + head.indexPacks.length * 56);
  const dead = head.dead && head.dead.count > 0 ? head.dead.toBytes() : undefined;
  const pinned = head.pinned && head.pinned.length > 0 ? head.pinned : undefined;
  w.map(8 + (head.previousHead ? 1 : 0) + (dead ? 1 : 0) + (pinned ? 1 : 0));
  w.text('v');
  w.int(formatVersion);
  if (dead) {
    w.text('dead');
    w.bytes(dead);
  }
  w.text('live');
  w.map(2);
  w.text('count');
  w.int(head.live.count);
  w.text('digest');
  w.bytes(head.live.digest);
  w.text('vault');
  w.bytes(fromHex(head.vaultId));
  if (pinned) {
    w.text('pinned');
    w.array(pinned.length);
    for (const sequence of pinned) w.int(sequence);
  }
  w.text('sequence');
  w.int(head.sequence);
  w.text('snapshots');
  w.array(head.snapshots.length);
  for (const one of head.snapshots) {
    w.array(6);
    w.int(one.sequence);
    w.int(one.pack);
    w.int(one.offset);
    w.int(one.sealedLength);
    w.int(one.plainLength);
    w.bytes(one.recordId);
  }
  w.text('writtenAt');
  w.int(head.writtenAtMs);
  w.text('indexPacks');
  w.array(head.indexPacks.length);
  for (const pack of head.indexPacks) {
    w.array(3);
    w.bytes(packIdBytes(pack.packId));
    w.int(pack.ordinal);
    w.int(pack.sizeBytes);
  }
  w.text('nextOrdinal');
  w.int(head.nextOrdinal);
  if (head.previousHead) {
    w.text('previousHead');
    w.bytes(head.previousHead);
  }
  const bytes = sealFile(letters, formatVersion, encodeSigned('vault-head', w.finish(), keys));
  if (bytes.length > limits.headBytes)
    throw new VaultError('limit_exceeded', `a vault head of ${bytes.length} bytes is over the limit of ${limits.headBytes}`);
  return bytes;
}

/** Throws `bad_head`, `unsupported_version`, `limit_exceeded`, or `bad_signature` unless the vault's device wrote it. */
export function decodeHead(headBytes: Uint8Array, signingPublicKey: Uint8Array): VaultHead {
  const signed = decodeSigned(openFile(headBytes, letters, formatVersion, limits.headBytes, 'bad_head'), limits.headBytes, fail);
  checkSignature('vault-head', signed, signingPublicKey, 'the vault head');
  const r = new CborReader(signed.payload, fail);
  const head: { -readonly [K in keyof VaultHead]?: VaultHead[K] } = {};
  let version: number | undefined;
  readFields(r, 11, (key) => {
    switch (key) {
      case 'v':
        return void (version = r.int(0, 0xffff));
      case 'dead':
        return void (head.dead = readDead(r));
      case 'pinned':
        return void (head.pinned = Array.from({ length: r.array(limits.snapshotsPerHead) }, () => r.int(1, Number.MAX_SAFE_INTEGER)));
      case 'live':
        return void (head.live = readLive(r));
      case 'vault':
        return void (head.vaultId = toHex(r.bytes(16, 16)) as VaultId);
      case 'sequence':
        return void (head.sequence = r.int(1, Number.MAX_SAFE_INTEGER));
      case 'snapshots':
        return void (head.snapshots = Array.from({ length: r.array(limits.snapshotsPerHead) }, () => readSnapshot(r)));
      case 'writtenAt':
        return void (head.writtenAtMs = r.int(0, maxTime));
      case 'indexPacks':
        return void (head.indexPacks = Array.from({ length: r.array(limits.indexPacksPerHead) }, () => readIndexPack(r)));
      case 'nextOrdinal':
        return void (head.nextOrdinal = r.int(0, 0xffff_ffff));
      case 'previousHead':
        return void (head.previousHead = r.bytes(idBytes, idBytes));
      default:
        return false;
    }
  });
  r.end();
  if (version !== formatVersion) throw fail('no version, or another one inside than outside');
  const complete: VaultHead = {
    vaultId: required(r, 'vault', head.vaultId),
    sequence: required(r, 'sequence', head.sequence),
    writtenAtMs: required(r, 'writtenAt', head.writtenAtMs),
    indexPacks: required(r, 'indexPacks', head.indexPacks),
    snapshots: required(r, 'snapshots', head.snapshots),
    live: required(r, 'live', head.live),
    dead: head.dead,
    pinned: head.pinned,
    nextOrdinal: required(r, 'nextOrdinal', head.nextOrdinal),
    previousHead: head.previousHead,
  };
  const problem = headProblem(complete);
  if (problem) throw r.fail(problem);
  return complete;
}

function readDead(r: CborReader): PackBitmap {
  const bytes = r.bytes(maxDeadBytes);
  if (bytes.length === 0 || bytes.at(-1) === 0) throw r.fail('the bitmap of dead packs is empty or ends with zeros');
  return PackBitmap.fromBytes(bytes);
}

function readLive(r: CborReader): VaultHead['live'] {
  let count: number | undefined;
  let digest: Uint8Array | undefined;
  readFields(r, 2, (key) => {
    if (key === 'count') count = r.int(0, limits.packs);
    else if (key === 'digest') digest = r.bytes(idBytes, idBytes);
    else return false;
  });
  return { count: required(r, 'count', count), digest: required(r, 'digest', digest) };
}

function readSnapshot(r: CborReader): HeadSnapshot {
  if (r.array(6) !== 6) throw r.fail('a snapshot has six items');
  return {
    sequence: r.int(1, Number.MAX_SAFE_INTEGER),
    pack: r.int(0, limits.indexPacksPerHead),
    offset: r.int(packHeaderBytes, limits.packBytes),
    sealedLength: r.int(sealOverhead, limits.metaChunkBytes + sealOverhead),
    plainLength: r.int(0, limits.metaChunkBytes),
    recordId: r.bytes(idBytes, idBytes),
  };
}

function readIndexPack(r: CborReader): HeadIndexPack {
  if (r.array(3) !== 3) throw r.fail('an index pack has three items');
  const packId = packIdFromBytes(r.bytes(cidBytes));
  if (!packId) throw r.fail('not a pack id');
  return { packId, ordinal: r.int(0, 0xffff_ffff), sizeBytes: r.int(1, limits.packBytes) };
}

function headProblem(head: VaultHead): string | undefined {
  if (head.snapshots.length > limits.snapshotsPerHead) return `more than ${limits.snapshotsPerHead} snapshots`;
  if (head.indexPacks.length > limits.indexPacksPerHead) return `more than ${limits.indexPacksPerHead} index packs`;
  if (head.live.count > limits.packs) return `more than ${limits.packs} packs`;
  if (head.nextOrdinal > 0xffff_ffff) return 'there is no further ordinal';
  for (const [i, one] of head.snapshots.entries()) {
    if (i > 0 && head.snapshots[i - 1]!.sequence >= one.sequence) return 'snapshots are out of order';
    const pack = head.indexPacks[one.pack];
    if (!pack || one.offset + one.sealedLength > pack.sizeBytes) return `snapshot ${one.sequence} points nowhere`;
  }
  for (const pack of head.indexPacks) if (pack.ordinal >= head.nextOrdinal) return 'an index pack has an ordinal that is not given out yet';
  for (const pack of head.indexPacks) if (head.dead?.has(pack.ordinal)) return 'an index pack is called dead';
  if (head.dead && highest(head.dead) >= head.nextOrdinal) return 'a dead pack has an ordinal that is not given out yet';
  const sequences = new Set(head.snapshots.map((one) => one.sequence));
  for (const [i, sequence] of (head.pinned ?? []).entries()) {
    if (!sequences.has(sequence) || (i > 0 && head.pinned![i - 1]! >= sequence)) return 'pinned snapshots are unknown or out of order';
  }
  return undefined;
}

function highest(bitmap: PackBitmap): number {
  const bytes = bitmap.toBytes();
  return bytes.length === 0 ? -1 : bytes.length * 8 - 1 - (Math.clz32(bytes.at(-1)!) - 24);
}

/** BLAKE3 of a head file's bytes: the next head's `previousHead`. */
export function headDigest(primitives: Pick<Primitives, 'blake3'>, headBytes: Uint8Array): Uint8Array {
  return primitives.blake3(headBytes);
}

/** Count and BLAKE3 of the sorted CID bytes of all live packs: whoever has the list can check that nothing is missing. */
export function livePackDigest(primitives: Pick<Primitives, 'blake3'>, packIds: Iterable<PackId>): VaultHead['live'] {
  const ids = [...packIds].map(packIdBytes).sort(compareBytes);
  const all = new Uint8Array(ids.length * cidBytes);
  for (const [i, id] of ids.entries()) all.set(id, i * cidBytes);
  return { count: ids.length, digest: primitives.blake3(all) };
}
