import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ReleaseToJudge, RunFigures } from './release.ts';
import { defaultReleaseSettings, judgeRelease } from './release.ts';

const nowMs = 1_800_000_000_000;
const day = 86_400_000;
const GiB = 1024 ** 3;
const aRun = (daysAgo: number, over: Partial<RunFigures> = {}): RunFigures => ({
  ...{ receivedAtMs: nowMs - daysAgo * day, files: 10_000, changedFiles: 100, readBytes: GiB, newPackBytes: GiB / 2 },
  ...over,
});
const calm = [5, 4, 3, 2, 1].map((days) => aRun(days));
const aRelease = (over: Partial<ReleaseToJudge> = {}): ReleaseToJudge => ({
  ...{ bytes: GiB, openBytes: 0, vaultBytes: 100 * GiB, forgottenButKept: 0, cancelledBefore: 0, byRoot: false, runs: calm },
  ...over,
});
const flagsOf = (over: Partial<ReleaseToJudge>): readonly string[] => judgeRelease(aRelease(over), nowMs).flags;

describe('judging a release', () => {
  it('lets housekeeping pass', () => {
    expect(judgeRelease(aRelease(), nowMs)).toEqual({ share: 0.01, flags: [], explanation: '' });
  });

  it.each<[string, Partial<ReleaseToJudge>, string[]]>([
    ['exactly the share', { bytes: 20 * GiB }, []],
    ['more than the share', { bytes: 20 * GiB + 1 }, ['large-share']],
    ['many small ones', { bytes: 2 * GiB, openBytes: 19 * GiB }, ['large-share']],
    ['a vault of which nothing is known', { vaultBytes: 0 }, ['large-share']],
    ['snapshots that the rules keep', { forgottenButKept: 1 }, ['kept-by-retention']],
    ['packs that somebody wanted back', { cancelledBefore: 3 }, ['cancelled-before']],
    ['a vault that is given up', { byRoot: true }, ['whole-vault']],
    ['a spike of changed files', { runs: [...calm, aRun(0, { changedFiles: 9000 })] }, ['changed-files-spike']],
    ['much change that is usual', { runs: [...calm.map((r) => ({ ...r, changedFiles: 4000 })), aRun(0, { changedFiles: 5000 })] }, []],
    ['a spike of incompressible data', { runs: [...calm, aRun(0, { newPackBytes: GiB })] }, ['incompressible-spike']],
    ['incompressible data as ever', { runs: [...calm, aRun(0)].map((r) => ({ ...r, newPackBytes: GiB })) }, []],
    ['little incompressible data', { runs: [...calm, aRun(0, { readBytes: 1000, newPackBytes: 1000 })] }, []],
    ['an old spike', { runs: [aRun(60), aRun(59), aRun(58), aRun(40, { changedFiles: 9000 }), aRun(1)] }, []],
    ['a first backup', { runs: [aRun(0, { changedFiles: 10_000, newPackBytes: GiB })] }, []],
  ])('%s', (_name, over, flags) => {
    expect(flagsOf(over)).toEqual(flags);
  });

  it('says in words what it found', () => {
    expect(judgeRelease(aRelease({ bytes: 62 * GiB, forgottenButKept: 12 }), nowMs).explanation).toBe(
      'Unusual: with the releases still in hold it comes to 62 % of the vault; it drops 12 snapshots that the retention rules still keep.',
    );
  });

  it('never lets more than the share of a vault pass unseen, in however many releases', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        const vaultBytes = 2000;
        let passed = 0;
        for (const bytes of sizes)
          if (judgeRelease(aRelease({ bytes, openBytes: passed, vaultBytes }), nowMs).flags.length === 0) passed += bytes;
        return passed <= defaultReleaseSettings.unusualShare * vaultBytes;
      }),
    );
  });

  it('is the same judgement in any unit of size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 1e6 }),
        (bytes, rest, k) => {
          const judge = (scale: number) =>
            judgeRelease(aRelease({ bytes: bytes * scale, vaultBytes: (bytes + rest) * scale }), nowMs).flags;
          expect(judge(k)).toEqual(judge(1));
        },
      ),
    );
  });
});
