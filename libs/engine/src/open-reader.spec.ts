import { expect, it, jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '#libs/kernel/node';
import { backup, check, compareTrees, openReader, restore } from './index.ts';
import { filePackStore } from './testing/file-pack-store.ts';
import { seededBytes } from './testing/nasty-tree.ts';
import { temporaryFolders } from './testing/temporary-folder.ts';
import { vaultFixture } from './testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();

it.each(['missing', 'damaged'] as const)(
  'a vault with an index pack that is %s is read by what its packs say of themselves',
  async (how) => {
    const home = await folder('salvage');
    const source = join(home, 'source');
    const bytes = seededBytes(21);
    mkdirSync(source);
    const store = filePackStore(join(home, 'packs'));
    const fixture = await vaultFixture(join(home, 'vault'), store);
    const vault = await fixture.create();
    writeFileSync(join(source, 'first'), bytes(700_000));
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    writeFileSync(join(source, 'second'), bytes(700_000));
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    // The index pack of the first snapshot describes `first`, which the second needs too.
    const lost = vault.head.indexPacks[0]!.packId;
    if (how === 'missing') await store.delete(lost);
    else await nodeFiles.replace(join(home, 'packs', lost), (await nodeFiles.read(join(home, 'packs', lost))).fill(7, 60, 90));
    const { primitives, masterKey } = vault.options;
    const documents = { primitives, masterKey, headerBytes: vault.headerBytes, headBytes: vault.headBytes, sources: [store] };

    await expect(openReader(documents)).rejects.toMatchObject({ code: how === 'missing' ? 'pack_not_found' : 'block_corrupt' });
    const opened = await openReader({ ...documents, salvageFrom: () => store.ids() });
    expect(opened.lostIndexPacks).toEqual([expect.objectContaining({ packId: lost })]);
    const report = await restore({ ...opened, to: join(home, 'out'), conflict: 'fail' });
    expect(report.errors).toEqual([]);
    expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
    // It is damage all the same, and the snapshot whose record is gone can't be read.
    expect((await check({ ...opened, store })).ok).toBe(false);
    await expect(opened.reader.snapshot(1)).rejects.toThrow();
  },
);
