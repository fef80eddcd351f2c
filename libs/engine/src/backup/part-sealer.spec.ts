import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePrimitives } from '#libs/crypto/node';
import { currentPlatform } from '../platform/index.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { ChunkCutter } from './chunk-cutter.ts';
import { ChunkRun } from './chunk-run.ts';
import type { ChunkSealer } from './chunk-sealer.ts';
import { joinParts } from './join-parts.ts';
import { sealPart } from './part-sealer.ts';
import type { FileOutcome } from './sealer.ts';
import { type RunningPart, SharedFile } from './shared-file.ts';

const folder = temporaryFolders();
const bufferBytes = 96 * 1024;
const leastBytes = 64 * 1024;
const largestChunk = 32_768;
let path: Buffer;
let newCutter: (bytes: number) => ChunkCutter;

beforeAll(async () => {
  const home = await folder('parts');
  const vault = await (await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')))).create();
  const parameters = { ...vault.header.parameters, chunkMinBytes: 2048, chunkAvgBytes: 8192, chunkMaxBytes: largestChunk };
  newCutter = (bytes) => new ChunkCutter({ keys: vault.keys, parameters }, nodePrimitives(), bytes);
  path = Buffer.from(join(home, 'file'));
  await vault.close();
});

/** As it is cut by one, from its start, all at once. */
function cutAtOnce(content: Buffer): { readonly ids: string; readonly ends: number[] } {
  const cutter = newCutter(content.length);
  cutter.buffer.set(content);
  const run = new ChunkRun();
  expect(cutter.cut(0, content.length, true, run)).toBe(content.length);
  return { ids: Buffer.from(run.ids()).toString('hex'), ends: Array.from({ length: run.count }, (_, i) => run.endOf(i)) };
}

/** By several at once that share it out at random moments. `gaps`: how often two parts did not meet. */
async function cutShared(
  content: Buffer,
  sealers: number,
  seed: number,
): Promise<{ outcome: FileOutcome; parts: number; gaps: number; sealedBytes: number }> {
  writeFileSync(path, content);
  const platform = currentPlatform();
  const facts = platform.facts(path);
  const file = new SharedFile({ path, seen: facts }, leastBytes);
  let random = seed >>> 0 || 1;
  const draw = (below: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  const running = new Set<RunningPart>();
  let [parts, gaps, sealedBytes] = [0, 0, 0];
  const pause: Pick<ChunkSealer, 'seal'> = {
    async seal(run) {
      for (let i = 0; i < run.count; i += 1) sealedBytes += run.bytesOf(i);
      for (let turns = draw(4); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      return new Uint8Array(run.count).fill(1);
    },
  };
  const work = async (part: RunningPart): Promise<void> => {
    parts += 1;
    running.add(part);
    // Something else's bytes are in the buffer when it begins.
    const cutter = newCutter(bufferBytes);
    cutter.buffer.fill(draw(256));
    file.settle(part, await sealPart(part.job, { platform, cutter, sealer: pause }));
    running.delete(part);
  };
  const all = [work(file.whole())];
  for (let i = 1; i < sealers; i += 1)
    all.push(
      (async () => {
        for (let turns = 0; turns < 40 && running.size > 0; turns += 1) {
          const victim = [...running][draw(running.size)]!;
          const taken = draw(3) === 0 ? file.split(victim, draw(2) === 0 ? 'half' : 'little') : undefined;
          if (taken) await work(taken);
          else await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    );
  await Promise.all(all);
  expect(file.isIdle).toBe(true);
  for (;;) {
    const next = file.next();
    if ('outcome' in next) return { outcome: next.outcome, parts, gaps, sealedBytes };
    if ('again' in next) throw new Error('a file that nobody touched is unfit');
    gaps += 1;
    // Shared out, it would not meet again: a preallocated disk image would be read once a thread.
    expect(file.split(next.part, 'half')).toBeUndefined();
    await work(next.part);
  }
}

/** Content by how it is cut: everywhere, nowhere but at the largest chunk (zeros and what repeats), and both in turn. */
const piece = fc.record({
  kind: fc.constantFrom('random', 'zeros', 'repeated', 'text'),
  length: fc.integer({ min: 1, max: 300_000 }),
  seed: fc.nat(1000),
});
function contentOf(pieces: readonly { kind: string; length: number; seed: number }[]): Buffer {
  return Buffer.concat(
    pieces.map(({ kind, length, seed }) => {
      if (kind === 'random') return seededBytes(seed)(length);
      if (kind === 'zeros') return Buffer.alloc(length);
      return Buffer.alloc(length, kind === 'text' ? `line ${seed} of a log\n` : seededBytes(seed)(1 + (seed % 700)));
    }),
  );
}

describe('a file in parts', () => {
  it('has the chunks that it has when one cuts it from its start, wherever and whenever it is shared out', async () => {
    let [parts, gaps] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (pieces, sealers, seed) => {
          const content = contentOf(pieces);
          const expected = cutAtOnce(content);
          const found = await cutShared(content, sealers, seed);
          parts += found.parts;
          gaps += found.gaps;
          if ('problem' in found.outcome) throw new Error(found.outcome.problem.message);
          const { ids, sizeBytes, readBytes } = found.outcome;
          expect(Buffer.from(ids).toString('hex')).toBe(expected.ids);
          expect([sizeBytes, readBytes]).toEqual([content.length, content.length]);
        },
      ),
      { numRuns: 60, seed: 20_261_126 },
    );
    // Both were looked at: parts that meet, and parts that do not.
    expect(parts).toBeGreaterThan(120);
    expect(gaps).toBeGreaterThan(5);
  }, 60_000);

  it('meets at once in data that is cut everywhere: nothing is sealed twice', async () => {
    const { parts, gaps, sealedBytes } = await cutShared(seededBytes(5)(4_000_000), 3, 7);
    expect(parts).toBeGreaterThan(3);
    expect(gaps).toBe(0);
    // But for the chunk in which a part ends, which the next one may have as its first.
    expect(sealedBytes).toBeLessThan(4_000_000 + parts * largestChunk);
  });

  it('is unfit when it has another length than the scan saw, and nothing of it is read', async () => {
    writeFileSync(path, seededBytes(6)(200_000));
    const platform = currentPlatform();
    const seen = { ...platform.facts(path), sizeBytes: 190_000 };
    const file = new SharedFile({ path, seen }, leastBytes);
    const part = file.whole();
    const sealed = await sealPart(part.job, {
      platform,
      cutter: newCutter(bufferBytes),
      sealer: { seal: () => Promise.reject(new Error('read')) },
    });
    expect(sealed).toMatchObject({ unfit: true, newChunks: 0 });
    file.settle(part, sealed);
    expect(file.next()).toEqual({ again: { path, seen, readInVain: 0 } });
  });

  it('can be joined where a part has a million chunks', () => {
    const ends = Float64Array.from({ length: 1_000_000 }, (_, i) => (i + 1) * 10);
    const joined = joinParts(
      [
        { start: 0, ends: Float64Array.of(15) },
        { start: 0, ends },
      ],
      10_000_001,
    );
    expect(joined).toMatchObject({ from: 15 });
    expect('until' in joined && joined.until.length).toBe(999_999);
  });
});
