import { beforeEach, expect, jest } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { backup, type BackupOptions, type BackupResult, compareTrees, type LocalVault, restore } from '../index.ts';
import { filePackStore } from './file-pack-store.ts';
import { seededBytes } from './nasty-tree.ts';
import { temporaryFolders } from './temporary-folder.ts';
import { vaultFixture, type VaultFixture } from './vault-fixture.ts';

/** An empty folder and an empty vault to back it up to. */
export interface BackupPlace {
  home: string;
  source: string;
  fixture: VaultFixture;
  vault: LocalVault;
  readonly bytes: (length: number) => Buffer;
  run(options?: Partial<BackupOptions>): Promise<BackupResult>;
  /** The newest snapshot comes back as the folder is now. */
  expectRestored(into?: string, ignore?: 'mtime'[]): Promise<void>;
}

/** New ones before each test of the file. */
export function backupPlace(): BackupPlace {
  jest.setTimeout(60_000);
  const folder = temporaryFolders();
  const here = {
    bytes: seededBytes(3),
    run: (options = {}) => backup({ vault: here.vault, folders: [here.source], host: 'host', user: 'user', ...options }),
    async expectRestored(into = 'out', ignore = []) {
      const { home, source, fixture, vault } = here;
      const report = await restore({ ...(await fixture.reader(vault)), to: join(home, into), conflict: 'fail' });
      expect(report.errors).toEqual([]);
      expect(await compareTrees(source, join(home, into, source), { ignore })).toEqual([]);
    },
  } as BackupPlace;
  beforeEach(async () => {
    here.home = await folder();
    here.source = join(here.home, 'source');
    mkdirSync(here.source);
    here.fixture = await vaultFixture(join(here.home, 'vault'), filePackStore(join(here.home, 'packs')));
    here.vault = await here.fixture.create();
  });
  return here;
}
