import { beforeAll, describe, expect, it } from '@jest/globals';
import { cryptoReady, newBoxKeyPair } from '#libs/crypto';
import { systemRandom } from '#libs/kernel';
import { addSlot, removeSlot } from '#libs/vault';
import { memoryPackStore } from '#libs/vault/testing';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';

const folder = temporaryFolders();
beforeAll(cryptoReady);

describe('the header of an open vault', () => {
  it('shows a key slot from the moment that it was added, and no longer than until it was removed', async () => {
    const fixture = await vaultFixture(await folder('header'), memoryPackStore());
    const vault = await fixture.create();
    const { primitives, masterKey, signingKeyPair } = vault.options;
    const change = () => ({ primitives, random: systemRandom, nowMs: 1, headerBytes: vault.headerBytes, masterKey, signingKeyPair });
    const labels = (): string[] => vault.header.slots.map((slot) => slot.label);
    expect(labels()).toEqual(['test']);

    await vault.replaceHeader(
      await addSlot(change(), { kind: 'device', publicKey: newBoxKeyPair(systemRandom).publicKey, label: 'spare' }),
    );
    expect(labels()).toEqual(['test', 'spare']);
    await vault.replaceHeader(await removeSlot(change(), vault.header.slots[1]!.slotId));
    expect(labels()).toEqual(['test']);

    await vault.close();
    const again = await fixture.open();
    expect(again.header.slots.map((slot) => slot.label)).toEqual(['test']);
    await again.close();
  });

  it("refuses another vault's header and keeps its own", async () => {
    const one = await (await vaultFixture(await folder('one'), memoryPackStore())).create();
    const other = await (await vaultFixture(await folder('other'), memoryPackStore(), undefined, 6)).create();
    await expect(one.replaceHeader(other.headerBytes)).rejects.toMatchObject({ code: 'wrong_vault' });
    expect(one.header.vaultId).toBe(one.vaultId);
    await one.close();
    await other.close();
  });
});
