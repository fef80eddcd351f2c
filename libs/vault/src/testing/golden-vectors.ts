import { deriveVaultKeys, type Primitives } from '#libs/crypto';
import { toHex, utf8, type VaultId } from '#libs/kernel';
import { associatedDataFor } from '../chunk/associated-data.ts';
import { createChunkIds } from '../chunk/chunk-id.ts';
import { type ChunkerParameters, createChunker } from '../chunk/chunker.ts';
import { gearTable } from '../chunk/gear.ts';
import { packDag } from '../pack/pack-dag.ts';
import { padme } from '../pack/padme.ts';

/** The vault of {@link aPack} and of the vectors. */
export const aVaultId = '000102030405060708090a0b0c0d0e0f' as VaultId;

const masterKey = Uint8Array.from({ length: 32 }, (_, i) => i);

/**
 * Single steps of the format with fixed inputs, computed by this program. `input` is 8 MiB of mulberry32 with seed 42,
 * a byte being the upper 8 bits of an output.
 */
export function goldenVectors(primitives: Primitives): Record<string, unknown> {
  const keys = deriveVaultKeys(masterKey, 0);
  const gear = gearTable(primitives, keys.gear);
  const input = mulberry32(42, 8 * 1024 * 1024);
  const ids = createChunkIds(primitives, keys.chunkId);
  const associatedData = associatedDataFor(aVaultId);
  const noncePrefix = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
  const hello = utf8('hello, vault');
  const helloId = ids.of('data', hello);
  return {
    masterKey: toHex(masterKey),
    vaultId: aVaultId,
    gearTableSha256: toHex(primitives.sha256(new Uint8Array(gear.buffer))),
    gearTableStart: [...gear.subarray(0, 4)].map((word) => word >>> 0),
    inputSha256: toHex(primitives.sha256(input)),
    cutsDefault: cuts(primitives, keys.gear, { minBytes: 256 * 1024, avgBytes: 1024 * 1024, maxBytes: 4 * 1024 * 1024 }, input),
    cutsSmall: cuts(primitives, keys.gear, { minBytes: 1024, avgBytes: 4096, maxBytes: 16_384 }, input.subarray(0, 256 * 1024)),
    chunkIds: Object.fromEntries(
      (['data', 'chunkList', 'tree', 'record', 'indexFragment'] as const).map((kind) => [kind, toHex(ids.of(kind, hello))]),
    ),
    padme: Object.fromEntries(
      [1, 2, 9, 100, 1_000, 4_096, 4_097, 65_537, 1_000_000, 33_554_432, 33_554_433, 134_217_728].map((n) => [n, padme(n)]),
    ),
    associatedData: toHex(associatedData('data', 42, helloId)),
    sealedHelloAt42: toHex(primitives.sealer(keys.data, noncePrefix).seal(42, hello, associatedData('data', 42, helloId))),
    noncePrefix: toHex(noncePrefix),
    packIds: Object.fromEntries(
      [1, 1_048_576, 1_048_577, 8_388_608].map((length) => [length, packDag(primitives, input.subarray(0, length)).packId]),
    ),
    packIdSha256: packDag(primitives, input.subarray(0, 1_048_577), 'sha256').packId,
  };
}

function cuts(primitives: Primitives, gearKey: Uint8Array, parameters: ChunkerParameters, input: Uint8Array): number[] {
  const chunker = createChunker(primitives, gearKey, parameters);
  const ends: number[] = [];
  for (let start = 0; start < input.length; start = ends.at(-1)!) ends.push(chunker.nextCut(input, start, input.length, true));
  return ends;
}

// Taken out of the global object: jest's looks up globals slowly, and this is asked for millions of times.
const { imul } = Math;

/** `length` bytes of mulberry32: the upper 8 bits of every 32-bit output. The same as the kernel's seeded random. */
export function mulberry32(seed: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i += 1) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = imul(t ^ (t >>> 15), t | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    out[i] = (t ^ (t >>> 14)) >>> 24;
  }
  return out;
}
