import { describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { backup, compareTrees, restore } from './index.ts';
import { filePackStore } from './testing/file-pack-store.ts';
import { makeNastyTree } from './testing/nasty-tree.ts';
import { temporaryFolders } from './testing/temporary-folder.ts';
import { vaultFixture } from './testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();

describe('backup and restore', () => {
  it('brings everything back as it was, bytes and metadata', async () => {
    const home = await folder();
    const source = join(home, 'source');
    makeNastyTree(source);
    const fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
    const vault = await fixture.create();
    const result = await backup({ vault, folders: [source], host: 'host', user: 'user', defaultExcludes: false });
    expect(result.problems).toEqual([]);
    const { reader, rejected } = await fixture.reader(vault);
    const report = await restore({ reader, rejected, to: join(home, 'out'), conflict: 'fail', verify: true });
    expect(report.errors).toEqual([]);
    expect(report.placed).toEqual([{ from: source, to: join(home, 'out', source) }]);
    expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
    await vault.close();
  });
});
