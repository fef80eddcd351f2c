import { beforeEach, jest } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource } from '#libs/vault';
import { backup, type LocalVault, restore, type RestoreOptions, type RestoreReport } from '../index.ts';
import { filePackStore } from './file-pack-store.ts';
import { seededBytes } from './nasty-tree.ts';
import { temporaryFolders } from './temporary-folder.ts';
import { vaultFixture, type VaultFixture } from './vault-fixture.ts';

/** A small folder with one snapshot of it, and a place to restore it to where nothing is yet. */
export interface RestorePlace {
  home: string;
  source: string;
  out: string;
  fixture: VaultFixture;
  vault: LocalVault;
  readonly bytes: (length: number) => Buffer;
  run(options?: Partial<RestoreOptions>, sources?: BlockSource[]): Promise<RestoreReport>;
  /** Where a name of the folder comes to. */
  at(...names: string[]): string;
  /** Has the packs, but not on this machine. */
  aHolder(): BlockSource;
}

/** New ones before each test of the file. */
export function restorePlace(): RestorePlace {
  jest.setTimeout(60_000);
  const folder = temporaryFolders();
  const here = {
    bytes: seededBytes(4),
    run: async (options = {}, sources) =>
      restore({ ...(await here.fixture.reader(here.vault, sources)), to: here.out, conflict: 'fail', ...options }),
    at: (...names) => join(here.out, here.source, ...names),
    aHolder: () => {
      const { store } = here.fixture;
      return { name: store.name, rootBlock: (...args) => store.rootBlock(...args), leaves: (...args) => store.leaves(...args) };
    },
  } as RestorePlace;
  beforeEach(async () => {
    here.home = await folder();
    here.source = join(here.home, 'source');
    here.out = join(here.home, 'out');
    const { source, bytes } = here;
    fs.mkdirSync(join(source, 'sub'), { recursive: true });
    fs.writeFileSync(join(source, 'a.txt'), 'the a of the snapshot');
    fs.writeFileSync(join(source, 'sub', 'b'), bytes(300_000));
    fs.writeFileSync(join(source, 'sub', 'c'), bytes(5_000_000));
    fs.linkSync(join(source, 'sub', 'b'), join(source, 'sub', 'b again'));
    fs.symlinkSync('a.txt', join(source, 'link'));
    here.fixture = await vaultFixture(join(here.home, 'vault'), filePackStore(join(here.home, 'packs')));
    here.vault = await here.fixture.create();
    await backup({ vault: here.vault, folders: [source], host: 'h', user: 'u' });
  });
  return here;
}
