import { beforeAll, describe, expect, it } from '@jest/globals';
import { FuzzFinding, runTarget } from './run-target.ts';
import { target, type FuzzTarget } from './target.ts';
import { fuzzTargets } from './targets.ts';
import { VaultError } from '../../libs/vault/src/errors.ts';

/** A short, always equal slice of `npm run fuzz`, which runs a million inputs. */
const inputs = 150;

describe('fuzzed decoders', () => {
  let targets: FuzzTarget[];
  beforeAll(async () => {
    targets = await fuzzTargets();
  });

  it('throw their own errors only, quickly and in bounded memory, and still take what is sound', async () => {
    for (const one of targets) {
      const { outcomes } = await runTarget(one, 1, inputs);
      const accepted = outcomes['accepted'] ?? 0;
      expect({ name: one.name, accepts: accepted > 0, refuses: accepted < inputs }).toEqual({
        name: one.name,
        accepts: one.accepts ?? true,
        refuses: one.refuses ?? true,
      });
    }
  });
});

describe('the fuzzer itself', () => {
  const base = {
    name: 'broken',
    weight: 1,
    errors: [['VaultError', ['tree_corrupt']]] as const,
    memoryBytes: 1024 * 1024,
    input: () => new Uint8Array(3),
  };
  it.each<[string, () => unknown]>([
    ['a foreign error', () => JSON.parse('{')],
    [
      'a code that is not expected',
      () => {
        throw new VaultError('bad_head', 'x');
      },
    ],
    ['too much memory', () => new Uint8Array(50 * 1024 * 1024)],
    [
      'a rejected promise with a foreign error',
      async () => {
        throw new TypeError('x');
      },
    ],
  ])('finds %s', async (_, decode) => {
    await expect(runTarget(target({ ...base, decode }), 1, 1)).rejects.toThrow(FuzzFinding);
  });
  it('takes expected refusals', async () => {
    const refuse = () => {
      throw new VaultError('tree_corrupt', 'x');
    };
    expect(await runTarget(target({ ...base, decode: refuse }), 1, 3)).toMatchObject({ outcomes: { tree_corrupt: 3 } });
  });
});
