import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, seededRandom } from '#libs/kernel/testing';
import type { PackId } from '#libs/kernel';
import type { PackStore } from '#libs/vault';
import { backup, type LocalVault } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();
const bytes = seededBytes(8);
let home: string;
let source: string;
let cachePath: string;
let fixture: VaultFixture;
let vault: LocalVault | undefined;
/** Index packs of which a root block was asked for, since the last look. */
let asked: Set<PackId>;

/** Ten snapshots, each with a file of its own. */
beforeEach(async () => {
  home = await folder();
  source = join(home, 'source');
  mkdirSync(source);
  cachePath = join(home, 'vault', 'index.cache');
  asked = new Set();
  const real = filePackStore(join(home, 'packs'));
  const store: PackStore = {
    ...real,
    rootBlock: (packId, options) => {
      asked.add(packId);
      return real.rootBlock(packId, options);
    },
  };
  fixture = await vaultFixture(join(home, 'vault'), store);
  vault = await fixture.create();
  for (let i = 0; i < 10; i += 1) await snapshot(i);
});
afterEach(() => close());

async function snapshot(i: number): Promise<void> {
  writeFileSync(join(source, `file ${i}`), bytes(2000));
  await backup({ vault: vault!, folders: [source], host: 'h', user: 'u' });
}

async function close(): Promise<void> {
  await vault?.close();
  vault = undefined;
}

/** Opens the vault again: which index packs were read, and what the index says. */
async function reopen(files = nodeFiles) {
  await close();
  asked.clear();
  vault = await fixture.open({ files });
  const indexPacks = vault.head.indexPacks.filter(({ packId }) => asked.has(packId)).length;
  const entries = [...vault.index.entries()].map((entry) => ({ ...entry, id: Buffer.from(entry.id).toString('hex') }));
  entries.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { indexPacks, entries, packs: vault.allPacks() };
}

describe('the cached index', () => {
  it('spares reading index packs, and says what they say', async () => {
    expect(existsSync(cachePath)).toBe(false);
    const first = await reopen();
    expect(first.indexPacks).toBe(10);
    expect(statSync(cachePath).size).toBeGreaterThan(first.entries.length * 48);
    const second = await reopen();
    expect(second.indexPacks).toBe(0);
    expect({ ...second, indexPacks: 10 }).toEqual(first);

    await snapshot(10);
    const third = await reopen();
    expect(third.indexPacks).toBe(1);
    rmSync(cachePath);
    expect({ ...(await reopen()), indexPacks: 1 }).toEqual(third);
    // Chunks of cached packs are known: nothing is stored twice.
    const { snapshot: again } = await backup({ vault: vault!, folders: [source], host: 'h', user: 'u', readAll: true });
    expect(again.stats.newChunks).toBe(0);
  });

  it('that is damaged in any way, or of another time, counts as none', async () => {
    const right = await reopen();
    const whole = readFileSync(cachePath);
    const random = seededRandom(4);
    const flipped = (bit: number): Buffer => {
      const copy = Buffer.from(whole);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    };
    const damages = [
      ...Array.from({ length: 12 }, () => flipped(random.int(whole.length * 8))),
      ...[0, 4, 5, 9, 13].map((byte) => flipped(byte * 8 + 7)),
      ...[0, 1, 16, 17, whole.length - 1].map((length) => whole.subarray(0, length)),
      Buffer.concat([whole, Buffer.from([0])]),
    ];
    for (const damage of damages) {
      writeFileSync(cachePath, damage);
      expect(await reopen()).toEqual(right);
      // It was written anew.
      expect(readFileSync(cachePath).length).toBe(whole.length);
    }
  });

  it('of a vault with another key is not used', async () => {
    const right = await reopen();
    const other = await vaultFixture(join(home, 'other'), filePackStore(join(home, 'other packs')), undefined, 6);
    await close();
    vault = await other.create();
    for (let i = 0; i < 10; i += 1) await snapshot(20 + i);
    await close();
    vault = await other.open();
    await close();
    writeFileSync(cachePath, readFileSync(join(home, 'other', 'index.cache')));
    expect(await reopen()).toEqual(right);
  });

  it('that lags behind a head set back is not used', async () => {
    await reopen();
    const oldHead = readFileSync(join(home, 'vault', 'head'));
    for (let i = 10; i < 20; i += 1) await snapshot(i);
    await reopen();
    await close();
    writeFileSync(join(home, 'vault', 'head'), oldHead);
    expect((await reopen()).indexPacks).toBe(10);
  });

  it('that can not be written is no reason to fail', async () => {
    const right = await reopen();
    rmSync(cachePath);
    expect(await reopen(faultyFiles(nodeFiles, { fullAt: 1 }))).toEqual(right);
    expect(existsSync(cachePath)).toBe(false);
    await reopen();
    truncateSync(cachePath, 100);
    expect(await reopen(faultyFiles(nodeFiles, { flipReadAt: 4 }))).toEqual(right);
  });
});
