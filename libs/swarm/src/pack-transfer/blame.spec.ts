import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cryptoReady } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { ManualClock } from '#libs/kernel/testing';
import { Membership } from '../membership/membership.ts';
import { FilePackStore } from '../pack-store/file-pack-store.ts';
import { aDevice, aFolder, aMember, aPack, aRoster } from '../testing/builders.ts';
import type { PackCarrier } from './carrier.ts';
import { ConnectionPool } from './connection-pool.ts';
import { fetchPack } from './fetch-pack.ts';
import { LinkRates } from './link-rates.ts';

const MiB = 1024 * 1024;
const pack = aPack(24 * MiB);

describe('a source that is far slower than another', () => {
  let folder: Awaited<ReturnType<typeof aFolder>>;
  beforeEach(async () => {
    await cryptoReady();
    folder = await aFolder();
  });
  afterEach(() => folder.remove());

  /** Fetches from two devices that need 200 ms a leaf, or what our own limit for them allows; the first may be silent as well. */
  const fetch = async (first: { readonly bytesPerSecond: number | null; readonly silent: boolean }) => {
    const clock = new ManualClock();
    const store = await FilePackStore.open(folder.path);
    const [a, b] = [aMember(aDevice(1)), aMember(aDevice(2))];
    const membership = new Membership();
    membership.replace(aRoster(1, [a, b]));
    const carrier: PackCarrier = {
      name: 'test',
      reaches: () => true,
      connect: (device) => {
        const isFirst = device.deviceId === a.deviceId;
        const pace = new LinkRates(clock, { general: isFirst ? first.bytesPerSecond : null }).of('direct');
        return Promise.resolve({
          usable: true,
          get paced() {
            return !pace.unlimited;
          },
          rootBlock: () => Promise.resolve(pack.rootBlock),
          async *leaves(_packId, from, count, { signal } = {}) {
            for (let leaf = from; leaf < from + count; leaf += 1) {
              await clock.sleep(isFirst && first.silent ? 1e9 : 200, signal);
              await pace.take(MiB, signal);
              yield pack.bytes.subarray(leaf * MiB, (leaf + 1) * MiB);
            }
          },
          close: () => Promise.resolve(),
        });
      },
    };
    const over = new AbortController();
    const result = fetchPack(
      { membership, clock, pool: new ConnectionPool(membership, [carrier]), onEvent: () => undefined },
      pack.packId,
      pack.sizeBytes,
      { from: [a.deviceId, b.deviceId] as DeviceId[], into: store },
    ).finally(() => over.abort());
    while (!over.signal.aborted) {
      await clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await store.verify(pack.packId)).whole).toBe(true);
    return (await result).sources.map(({ droppedFor }) => droppedFor);
  };

  it('is let go', async () => {
    expect(await fetch({ bytesPerSecond: null, silent: true })).toEqual(['transfer_stalled', undefined]);
  });

  it('is not to blame while our own limit slows it, even where the other’s link has none', async () => {
    expect(await fetch({ bytesPerSecond: MiB / 20, silent: false })).toEqual([undefined, undefined]);
  });
});
