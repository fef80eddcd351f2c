import { varint } from 'multiformats';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import type { PackId } from '#libs/kernel';
import { AppError, equalBytes, messageOf } from '#libs/kernel';
import type { BlockSource, ReadOptions } from '#libs/vault';
import { SwarmError } from './errors.ts';
import type { PackReceiver, PackSink } from './pack-store/pack-receiver.ts';
import { assertPackId, readPackRoot } from './pack-store/pack-root.ts';
import type { PackRoot } from './pack-store/pack-root.ts';
import { leafBytes } from './pack-transfer/limits.ts';

/** A section is a CID (36 bytes) and a block; the header names one root. Nothing longer is read into memory. */
const maxSectionBytes = leafBytes + 64 * 1024;

/**
 * A pack as CARv1 (https://ipld.io/specs/transport/car/carv1/): its CID as the only root, the root block, the leaves in
 * order. Any IPFS tool imports it. Memory: one leaf. Throws what the source throws; verifies nothing.
 */
export async function* exportCar(source: BlockSource, packId: PackId, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
  assertPackId(packId);
  const cid = CID.parse(packId);
  const rootBlock = await source.rootBlock(packId, options);
  const root = readPackRoot(packId, rootBlock);
  yield await carHeader(cid);
  yield carSectionHead(cid, rootBlock.length);
  yield rootBlock;
  let leaf = 0;
  for await (const bytes of source.leaves(packId, 0, root.leafCount, options)) {
    yield carSectionHead(leafCidOf(root, leaf), bytes.length);
    yield bytes;
    leaf += 1;
  }
}

/** CARv1 header that names one root. */
export async function carHeader(root: CID): Promise<Uint8Array> {
  // Loaded when needed: an agent that never sees a CAR should not pay for it.
  const { CarBufferWriter } = await import('@ipld/car');
  const options = { roots: [root] };
  return CarBufferWriter.createWriter(new ArrayBuffer(CarBufferWriter.headerLength(options)), options).close();
}

/** What stands before a block in a CAR: its length with the CID's, and the CID. */
export function carSectionHead(cid: CID, blockBytes: number): Uint8Array {
  const length = cid.bytes.length + blockBytes;
  const head = new Uint8Array(varint.encodingLength(length) + cid.bytes.length);
  varint.encodeTo(length, head);
  head.set(cid.bytes, varint.encodingLength(length));
  return head;
}

export function leafCidOf(root: PackRoot, leaf: number): CID {
  return CID.createV1(raw.code, createDigest(root.hashCode, root.digest(leaf)));
}

/**
 * Stores the one pack that a CAR stream holds: root block first, then its leaves in any order. Every block is verified
 * and nothing shows in the store unless all are there. Throws `car_invalid`, `pack_corrupt`, `pack_invalid`, `store_full`.
 */
export async function importCar(
  sink: PackSink,
  stream: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<{ readonly packId: PackId; readonly sizeBytes: number }> {
  const { asyncIterableReader, createDecoder } = await import('@ipld/car/decoder');
  const reader = asyncIterableReader(stream);
  const bounded: typeof reader = {
    upTo: (length) => reader.upTo(length),
    exactly: (length, seek) => {
      if (length > maxSectionBytes) throw new SwarmError('car_invalid', `a CAR section of ${length} bytes`);
      return reader.exactly(length, seek);
    },
    seek: (length) => reader.seek(length),
    get pos() {
      return reader.pos;
    },
  };
  let receiver: PackReceiver | undefined;
  try {
    const decoder = createDecoder(bounded);
    const { version, roots } = await decoder.header();
    if (version !== 1 || roots.length !== 1)
      throw new SwarmError('car_invalid', `a CAR of version ${version} with ${roots.length} roots is no pack`);
    const packId = roots[0]!.toString() as PackId;
    assertPackId(packId);
    let root: PackRoot | undefined;
    for await (const { cid, bytes } of decoder.blocks()) {
      options.signal?.throwIfAborted();
      if (!root) {
        if (cid.toString() !== packId) throw new SwarmError('car_invalid', 'the root block does not come first', { context: { packId } });
        root = readPackRoot(packId, bytes);
        receiver = await sink.beginReceive(packId, root.sizeBytes);
        await receiver.acceptRoot(bytes);
      } else if (cid.toString() !== packId) await acceptLeaf(receiver!, root, cid, bytes);
    }
    if (!receiver) throw new SwarmError('car_invalid', 'the CAR holds no block', { context: { packId } });
    const gaps = receiver.missing();
    if (gaps.length > 0)
      throw new SwarmError('car_invalid', `the CAR lacks leaf ${gaps[0]!.first} of pack ${packId}`, {
        context: { packId, leaf: gaps[0]!.first },
      });
    await receiver.commit();
    return { packId, sizeBytes: receiver.sizeBytes };
  } catch (error) {
    await receiver?.discard();
    options.signal?.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw new SwarmError('car_invalid', `not a CAR stream: ${messageOf(error)}`, { cause: error });
  }
}

/** The same leaf may stand at several places of a pack. */
async function acceptLeaf(receiver: PackReceiver, root: PackRoot, cid: CID, bytes: Uint8Array): Promise<void> {
  let found = false;
  for (let leaf = 0; leaf < root.leafCount; leaf += 1) {
    if (!equalBytes(root.digest(leaf), cid.multihash.digest)) continue;
    await receiver.acceptLeaf(leaf, bytes);
    found = true;
  }
  if (!found)
    throw new SwarmError('car_invalid', `block ${cid.toString()} is no part of pack ${root.packId}`, { context: { packId: root.packId } });
}
