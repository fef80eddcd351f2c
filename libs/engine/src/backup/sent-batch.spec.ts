import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FileOutcome } from './sealer.ts';
import { receiveOutcomes, sendJobs } from './batch-for-thread.ts';
import { receiveJobs, sendOutcomes } from './batch-in-thread.ts';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const size = fc.maxSafeNat();
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const seen = {
  kind: fc.constant('file' as const),
  sizeBytes: size,
  allocatedBytes: size,
  mtimeNs: i64,
  ctimeNs: i64,
  device: u64,
  inode: u64,
};
const sealed = fc.record({
  facts: fc.option(
    fc.record({
      ...seen,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: count,
      gid: count,
      birthtimeNs: i64,
      links: count,
      deviceNumber: u64,
    }),
    { nil: undefined },
  ),
  sizeBytes: size,
  ids: fc.integer({ min: 0, max: 4 }).chain((ids) => fc.uint8Array({ minLength: ids * 32, maxLength: ids * 32 })),
  dataRanges: fc.option(fc.array(fc.record({ offset: size, length: size }), { maxLength: 3 }), { nil: undefined }),
  attributes: fc.array(fc.record({ name: bytes(9).map((b) => Buffer.from(b)), value: bytes(9).map((b) => Buffer.from(b)) }), {
    maxLength: 2,
  }),
  changedWhileRead: fc.boolean(),
  readBytes: size,
  newChunks: count,
});
const why = fc.record({ path: fc.string(), code: fc.string(), message: fc.string() });
const withoutAttributes = fc.tuple(sealed, why).map(([one, attributesProblem]) => ({ ...one, attributes: [], attributesProblem }));
const problem = fc.record({ problem: why });

/** Bytes as bytes, whatever they are views of; what an attribute is made of may be another kind of array after the way. */
const plain = (outcomes: readonly FileOutcome[]): unknown =>
  outcomes.map((outcome) =>
    'problem' in outcome
      ? outcome
      : {
          ...outcome,
          ids: [...outcome.ids],
          attributes: outcome.attributes.map(({ name, value }) => [[...name], [...value]]),
        },
  );

describe('what passes between a backup and its threads', () => {
  it('is the same outcomes on the other side', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: sealed }, withoutAttributes, problem), { maxLength: 9 }), (outcomes) => {
        expect(plain(receiveOutcomes(structuredClone(sendOutcomes(outcomes))))).toEqual(plain(outcomes));
      }),
    );
  });

  it('is the same jobs on the other side', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ path: bytes(40).map((b) => Buffer.from(b)), seen: fc.record(seen), readInVain: size }), { maxLength: 9 }),
        (jobs) => {
          expect(receiveJobs(structuredClone(sendJobs(jobs)))).toEqual(jobs);
        },
      ),
    );
  });
});
