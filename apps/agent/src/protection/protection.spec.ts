import { describe, expect, it } from '@jest/globals';
import type { DeviceId, PackId } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';
import { type CapturedState, Protection, type ProtectionState } from './protection.ts';

const stats = {
  ...{ files: 1, directories: 0, bytes: 1, readBytes: 1, newFiles: 1, changedFiles: 0, unchangedFiles: 0, newChunks: 1 },
  ...{ newPackBytes: 1, newPacks: 1, errors: 0, durationMs: 1 },
};
const aSnapshot = (sequence: number, packIds: string[], adHoc = false): CapturedState => ({
  ...{ sequence, capturedAtMs: sequence, partial: false, packIds: packIds as PackId[], stats, adHoc, headSequence: sequence + 1 },
});

async function aProtection(held: () => readonly string[], weight: () => number = () => 1) {
  let kept: ProtectionState | undefined;
  const file = {
    read: async () => kept,
    write: async (state: ProtectionState) => void (kept = state),
  } as unknown as JsonFile<ProtectionState>;
  const open = () =>
    Protection.open({
      file,
      copiesOf: (packId) => (held().includes(packId) ? [{ deviceId: 'ben' as DeviceId, weight: weight() }] : []),
      minimum: () => 1,
      nowMs: () => 99,
    });
  return { protection: await open(), open };
}

describe('what status says of protection', () => {
  it('is about everything that the machine backs up; a snapshot of named paths has a state of its own', async () => {
    let held: string[] = ['a'];
    const { protection, open } = await aProtection(() => held);
    await protection.captured(aSnapshot(1, ['a']));
    expect(await protection.refresh()).toBe(true);
    await protection.captured(aSnapshot(2, ['a', 'b'], true));
    expect(protection.view()).toMatchObject({ latest: { sequence: 1 }, packsWaiting: 0, protected: { sequence: 1 } });
    expect(protection.view('newest')).toMatchObject({ latest: { sequence: 2 }, packsWaiting: 1 });
    const again = await open();
    expect(again.view('newest')).toMatchObject({ latest: { sequence: 2 } });
    await again.captured(aSnapshot(3, ['c']));
    expect(again.view('newest')).toEqual(again.view());
    expect(await again.refresh()).toBe(false);
    held = ['c'];
    expect(await again.refresh()).toBe(true);
  });

  it('remembers the newest complete one beside an incomplete one', async () => {
    const { protection, open } = await aProtection(() => ['a']);
    const incomplete = (sequence: number) => ({ ...aSnapshot(sequence, ['a']), stats: { ...stats, errors: 2 } });
    await protection.captured(incomplete(1));
    expect(await protection.refresh()).toBe(true);
    expect(protection.view()).toMatchObject({ protected: { sequence: 1 }, complete: null });
    for (const next of [aSnapshot(2, ['a']), incomplete(3), { ...aSnapshot(4, ['a']), partial: true }]) {
      await protection.captured(next);
      await protection.refresh();
      expect(protection.view()).toMatchObject({ protected: { sequence: next.sequence }, complete: { sequence: 2 } });
    }
    expect((await open()).view()).toMatchObject({ protected: { sequence: 4 }, complete: { sequence: 2 } });
  });

  it('is about named paths while nothing else was ever backed up', async () => {
    const { protection } = await aProtection(() => []);
    await protection.captured(aSnapshot(1, ['a'], true));
    await protection.captured(aSnapshot(2, ['b'], true));
    expect(protection.view()).toMatchObject({ latest: { sequence: 2 } });
  });

  it('counts a doubted copy in part and one that is gone not at all', async () => {
    let weight = 1;
    const { protection } = await aProtection(
      () => ['a'],
      () => weight,
    );
    await protection.captured(aSnapshot(1, ['a']));
    expect([await protection.refresh(), protection.isHeld('a' as PackId)]).toEqual([true, true]);
    weight = 0.5;
    expect(protection.view()).toMatchObject({ packsWaiting: 1, holders: ['ben'] });
    weight = 0;
    expect(protection.view()).toMatchObject({ packsWaiting: 1, holders: [] });
    expect([await protection.refresh(), protection.isHeld('a' as PackId)]).toEqual([false, false]);
  });

  it('follows packs that a prune moved', async () => {
    const { protection } = await aProtection(() => ['new']);
    await protection.captured(aSnapshot(1, ['old']));
    expect(protection.view().packsWaiting).toBe(1);
    await protection.moved(7, (sequence) => (sequence === 1 ? ['new' as PackId] : undefined));
    expect(protection.view()).toMatchObject({ latest: { sequence: 1, headSequence: 7 }, packsWaiting: 0 });
  });
});
