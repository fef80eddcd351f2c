import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DoubtedCopies as Answer } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { memoryFolder } from '#libs/kernel/testing';
import { AgentError } from '../errors.ts';
import { JsonFile } from '../home/json-file.ts';
import { DoubtedCopies, doubtedCopiesState } from './doubted-copies.ts';

const device = (n: number): DeviceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
const packs = ['a', 'b', 'c'].map((letter) => `bafyb4i${letter.repeat(52)}` as PackId);
const { signal } = new AbortController();

describe('what became of copies', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(memoryFolder(), 'holdfast-doubted-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const path = (): string => join(folder, 'doubted.json');
  const open = (): Promise<DoubtedCopies> => DoubtedCopies.open(new JsonFile(nodeFiles, path(), doubtedCopiesState));
  const [a, b, c] = packs as [PackId, PackId, PackId];

  it('is asked for to its end, outlives a restart, and is over when the coordinator says so', async () => {
    const doubted = await open();
    expect(doubted.weightOf(a, device(1))).toBe(1);
    const answers: Record<string, Answer> = {
      '': { holders: [{ deviceId: device(2), weight: 0.5 }], copies: [{ packId: a, holderDeviceId: device(1) }], next: a },
      [a]: {
        holders: [
          { deviceId: device(2), weight: 0.5 },
          { deviceId: device(3), weight: 0 },
        ],
        copies: [{ packId: b, holderDeviceId: device(2) }],
        next: null,
      },
    };
    await doubted.fetch(async (after) => answers[after]!, signal);
    for (const one of [doubted, await open()]) {
      expect([a, b, c].map((packId) => one.weightOf(packId, device(1)))).toEqual([0, 1, 1]);
      expect([a, b, c].map((packId) => one.weightOf(packId, device(2)))).toEqual([0.5, 0, 0.5]);
      expect(one.weightOf(c, device(3))).toBe(0);
    }
    await doubted.fetch(async () => ({ holders: [], copies: [], next: null }), signal);
    expect((await open()).weightOf(a, device(1))).toBe(1);
  });

  it('is not known to an older coordinator, and stays as it was when none answers', async () => {
    const doubted = await open();
    await doubted.fetch(async () => ({ holders: [], copies: [{ packId: a, holderDeviceId: device(1) }], next: null }), signal);
    await doubted.fetch(() => Promise.reject(new AgentError('coordinator_refused', 'no', { context: { httpStatus: 404 } })), signal);
    await expect(doubted.fetch(() => Promise.reject(new AgentError('coordinator_unreachable', 'no')), signal)).rejects.toThrow('no');
    expect(doubted.weightOf(a, device(1))).toBe(0);
  });

  it('starts afresh from a damaged file, and ends with a coordinator that never does', async () => {
    await writeFile(path(), '{"holders":');
    const doubted = await open();
    let asked = 0;
    await doubted.fetch(async () => {
      asked += 1;
      return { holders: [], copies: [], next: a };
    }, signal);
    expect(asked).toBe(1_000);
  });
});
