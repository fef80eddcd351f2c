import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '#libs/kernel/node';
import { seededRandom } from '#libs/kernel/testing';
import { memoryPackStore } from '#libs/vault/testing';
import { backup, forget, type LocalVault, prune } from '../index.ts';
import { writerFor } from '../prune/rewrite-packs.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { describesWhatItKnows } from '../testing/index-on-disk.ts';

const folder = temporaryFolders();
const random = seededRandom(8);
let open: LocalVault | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function aVault(): Promise<{ fixture: VaultFixture; vault: LocalVault; source: string }> {
  const home = await folder('vault');
  const fixture = await vaultFixture(join(home, 'state'), memoryPackStore());
  const source = join(home, 'source');
  mkdirSync(source);
  return { fixture, source, vault: (open = await fixture.create()) };
}

/** A pack with these chunks, stored as two runs at the same time would. */
async function store(vault: LocalVault, contents: readonly Uint8Array[], options: { readonly copies?: boolean } = {}): Promise<number> {
  const writer = writerFor(vault, 'data');
  for (const content of contents) writer.add('data', vault.chunkIds.of('data', content), content);
  const [pack] = writer.flush();
  return (await vault.storePack(pack!, options)).ordinal;
}

describe('the index that a vault writes', () => {
  it('finds a chunk that two runs stored at the same time where memory does: the first keeps it', async () => {
    const { fixture, vault, source } = await aVault();
    const [shared, one, other] = [random.bytes(5_000), random.bytes(4_000), random.bytes(3_000)];
    const first = await store(vault, [shared, one]);
    const second = await store(vault, [other, shared]);
    expect(vault.index.lookup(vault.chunkIds.of('data', shared))!.ordinal).toBe(first);
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    expect(await describesWhatItKnows(fixture, vault)).toEqual([]);
    const { reader } = await fixture.reader(vault);
    expect(reader.locate(vault.chunkIds.of('data', other))!.ordinal).toBe(second);
  });

  it('finds a chunk where memory does after a backup committed copies that a stopped prune made', async () => {
    const { fixture, vault, source } = await aVault();
    const content = random.bytes(5_000);
    writeFileSync(join(source, 'file'), content);
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    const before = vault.index.lookup(vault.chunkIds.of('data', content))!.ordinal;
    await store(vault, [content], { copies: true });
    const { snapshot } = await backup({ vault, folders: [source], host: 'h', user: 'u' });
    expect(await describesWhatItKnows(fixture, vault)).toEqual([]);
    const { reader } = await fixture.reader(vault);
    expect(reader.locate(vault.chunkIds.of('data', content))!.ordinal).toBe(before);
    // So what the coordinator was told that the snapshot needs is what a restore reads.
    const told = (await vault.describeSnapshot(snapshot.sequence)).neededPacks;
    expect(Buffer.compare(told, snapshot.neededPacks)).toBe(0);
  });

  it('loses no chunk whose other pack goes, whatever two prunes copied at the same time', async () => {
    const { fixture, vault, source } = await aVault();
    const contents = Array.from({ length: 6 }, () => random.bytes(5_000));
    for (const [i, content] of contents.entries()) writeFileSync(join(source, `file ${i}`), content);
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    // Each has one chunk that the other has not.
    await store(vault, [contents[0]!, contents[1]!], { copies: true });
    await store(vault, [contents[2]!, contents[0]!], { copies: true });
    const rules = { smallPacks: 1, smallIndexPacks: 1, dataUnusedShare: 0 };
    for (let round = 0; round < 3; round += 1) {
      await prune({ vault, rules });
      expect(await describesWhatItKnows(fixture, vault)).toEqual([]);
      writeFileSync(join(source, `file ${round + 1}`), random.bytes(5_000));
      await backup({ vault, folders: [source], host: 'h', user: 'u' });
      await forget(
        vault,
        vault.head.snapshots.slice(0, -1).map(({ sequence }) => sequence),
      );
      expect(await describesWhatItKnows(fixture, vault)).toEqual([]);
    }
    await vault.close();
    open = await fixture.open();
    expect(open.index.has(open.chunkIds.of('data', contents[0]!))).toBe(true);
  });
});

describe('the session journal', () => {
  it('keeps an entry that comes while a commit cuts it', async () => {
    const home = await folder('journal');
    const fixture = await vaultFixture(join(home, 'state'), memoryPackStore());
    await (await fixture.create()).close();
    const arrived = Promise.withResolvers<void>();
    let cutting = Promise.withResolvers<void>();
    const source = join(home, 'source');
    mkdirSync(source);
    const files = {
      ...nodeFiles,
      async replace(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
        if (path.endsWith('session.journal')) {
          cutting.resolve();
          await Promise.race([arrived.promise, new Promise((resolve) => setTimeout(resolve, 200))]);
        }
        await nodeFiles.replace(path, ...parts);
      },
      async remove(path: string): Promise<void> {
        if (path.endsWith('session.journal')) {
          cutting.resolve();
          await Promise.race([arrived.promise, new Promise((resolve) => setTimeout(resolve, 200))]);
        }
        await nodeFiles.remove(path);
      },
      async append(path: string, bytes: Uint8Array): Promise<void> {
        await nodeFiles.append(path, bytes);
        if (path.endsWith('session.journal')) late?.();
      },
    };
    let late: (() => void) | undefined;
    const vault = await fixture.open({ files });
    cutting = Promise.withResolvers<void>();
    const committing = backup({ vault, folders: [source], host: 'h', user: 'u' });
    await cutting.promise;
    late = arrived.resolve;
    const content = random.bytes(5_000);
    const storing = store(vault, [content]);
    await Promise.all([committing, storing]);
    const ordinal = await storing;
    await vault.close();
    // As after a kill: what was stored and announced is known again, and its number is given to no other pack.
    open = await fixture.open();
    expect(open.foundPacks.map((pack) => pack.ordinal)).toEqual([ordinal]);
    expect(open.index.has(open.chunkIds.of('data', content))).toBe(true);
  });
});
