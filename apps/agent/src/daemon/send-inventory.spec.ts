import { describe, expect, it } from '@jest/globals';
import type { Inventory } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { sendInventory } from './send-inventory.ts';

type Ports = Parameters<typeof sendInventory>[0];

describe('sendInventory', () => {
  const pack = (name: string) => ({ packId: name as PackId, sizeBytes: 1, about: { vaultId: 'v', ownerDeviceId: 'o' } });

  /** A store whose listing is over before its last pack came, as when a job ends meanwhile. */
  function aHolder(packs: ReturnType<typeof pack>[], onListed: () => void = () => undefined) {
    const told: Inventory[] = [];
    const ports = {
      held: {
        async *inventory() {
          const listed = [...packs];
          onListed();
          yield* listed;
        },
      },
      damagedCopies: { has: (packId: PackId) => packId === ('damaged' as PackId) },
      coordinator: {
        inventory: async (body: Inventory) => {
          told.push(body);
        },
      },
    } as unknown as Ports;
    return { ports, told };
  }

  it('begins at the coordinator before it looks, so that what comes meanwhile is not taken for gone', async () => {
    const order: string[] = [];
    const { ports, told } = aHolder([pack('a')], () => order.push(`listed after ${told.length} parts`));
    await sendInventory(ports, new AbortController().signal);
    expect(order).toEqual(['listed after 1 parts']);
    expect(told.map(({ part, last, packs }) => [part, last, packs.length])).toEqual([
      [0, false, 0],
      [1, true, 1],
    ]);
  });

  it('names everything once, in parts, but what is damaged', async () => {
    const { ports, told } = aHolder([...Array.from({ length: 20_001 }, (_, n) => pack(`p${n}`)), pack('damaged')]);
    await sendInventory(ports, new AbortController().signal);
    expect(told.map(({ part }) => part)).toEqual([0, 1, 2, 3]);
    expect(told.map(({ last }) => last)).toEqual([false, false, false, true]);
    const named = told.flatMap(({ packs }) => packs.map(({ packId }) => packId));
    expect([named.length, new Set(named).size, named.includes('damaged' as PackId)]).toEqual([20_001, 20_001, false]);
  });
});
