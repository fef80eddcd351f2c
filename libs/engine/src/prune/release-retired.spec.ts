import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { memoryPackStore } from '#libs/vault/testing';
import { backup, forget, type LocalVault, prune, releaseRetired, repairIndex } from '../index.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

const folder = temporaryFolders();
const rules = { smallPacks: 1, smallPackShare: 1, smallIndexPacks: 99 };
const random = seededRandom(4);
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;
let held: Set<PackId>;
const run = () => backup({ vault, folders: [source], host: 'h', user: 'u' });
const port = {
  isProtected: (packId: PackId) => held.has(packId),
  releasePacks: async (packs: readonly { packId: PackId }[]) => packs.map(({ packId }) => packId),
};
const idsOf = (packs: readonly { packId: PackId }[]): PackId[] => packs.map(({ packId }) => packId).sort();

/** Two snapshots of a file that a prune has copied; nobody holds anything. */
beforeEach(async () => {
  const home = await folder('release');
  source = join(home, 'source');
  mkdirSync(source);
  fixture = await vaultFixture(join(home, 'state'), memoryPackStore());
  vault = await fixture.create();
  held = new Set();
  writeFileSync(join(source, 'file'), random.bytes(40_000));
  await run();
  await prune({ vault, rules });
});

afterEach(() => vault.close());

describe('the release of retired packs', () => {
  it('no longer waits for a pack that retired after them and is gone', async () => {
    const first = idsOf(await vault.retiredPacks());
    expect(first.length).toBeGreaterThan(0);
    // What they wait for retires too; meanwhile everything else is held, then one of the others is not.
    writeFileSync(join(source, 'file'), random.bytes(40_000));
    await run();
    await forget(vault, [1]);
    held = new Set(idsOf(vault.allPacks()));
    const between = idsOf(vault.allPacks());
    await prune({ vault, rules, isProtected: port.isProtected });
    const second = idsOf(await vault.retiredPacks()).filter((packId) => !first.includes(packId));
    const waitedFor = (await vault.retiredPacks()).find(({ packId }) => packId === first[0])!.waitsFor;
    const left = waitedFor.filter((packId) => !second.includes(packId));
    expect(waitedFor.length).toBeGreaterThan(left.length);
    expect(left.length).toBeGreaterThan(0);
    held = new Set([...idsOf(vault.allPacks()), ...between].filter((packId) => !left.includes(packId)));

    expect(idsOf((await releaseRetired(vault, port)).released)).toEqual(second);
    for (const packId of second) {
      await vault.options.store.delete(packId);
      held.delete(packId);
    }
    expect(idsOf((await releaseRetired(vault, port)).gone)).toEqual(second);
    held = new Set(idsOf(vault.allPacks()));
    expect(idsOf((await releaseRetired(vault, port)).released)).toEqual(first);
  });

  it('waits for what a repair put in the place of a pack that was lost, and for ever where something of it was lost', async () => {
    const retired = idsOf(await vault.retiredPacks());
    const copy = packIdOf(40_000);
    await vault.options.store.delete(copy);
    expect(await repairIndex({ vault })).toMatchObject({ lostChunks: 0, damaged: [{ packId: copy }] });
    const live = idsOf(vault.allPacks());
    held = new Set(live.filter((packId) => packId !== packIdOf(40_000)));
    expect(await releaseRetired(vault, port)).toMatchObject({ released: [] });

    // Here the retired packs are gone too: what is at a machine that is away may be all that there is.
    const last = packIdOf(40_000);
    for (const packId of [...retired, last]) await vault.options.store.delete(packId);
    expect((await repairIndex({ vault })).lostChunks).toBe(1);
    held = new Set(idsOf(vault.allPacks()));
    expect(await releaseRetired(vault, port)).toMatchObject({ released: [] });
    expect(idsOf(await vault.retiredPacks())).toEqual(retired);
  });

  it('comes once what a repair put in the place of a lost pack is held', async () => {
    const retired = idsOf(await vault.retiredPacks());
    await vault.options.store.delete(packIdOf(40_000));
    await repairIndex({ vault });
    held = new Set(idsOf(vault.allPacks()));
    expect(idsOf((await releaseRetired(vault, port)).released)).toEqual(retired);
  });
});

/** The pack in which the chunk of that length is found. */
function packIdOf(plainLength: number): PackId {
  return vault.packs.get([...vault.index.entries()].find((one) => one.plainLength === plainLength)!.ordinal)!.packId;
}
