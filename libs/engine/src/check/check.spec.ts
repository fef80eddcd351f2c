import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PackId, systemClock } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { seededRandom } from '#libs/kernel/testing';
import { backup, check, type CheckOptions, type LocalVault, VerifiedTimesFile } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();
let home: string;
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;
let packs: Record<'data' | 'meta' | 'index', PackId[]>;

beforeEach(async () => {
  home = await folder('check');
  source = join(home, 'source');
  const bytes = seededBytes(8);
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'sub', 'a'), bytes(500_000));
  writeFileSync(join(source, 'b'), bytes(500_000));
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')), { dataPackBytes: 600 * 1024 });
  vault = await fixture.create();
  await backup({ vault, folders: [source], host: 'h', user: 'u' });
  writeFileSync(join(source, 'c'), bytes(1000));
  await backup({ vault, folders: [source], host: 'h', user: 'u' });
  packs = { data: [], meta: [], index: [] };
  for (const { kind, packId } of vault.allPacks()) packs[kind].push(packId);
});

/** Fresh blocks each time, so that nothing comes from a cache; the index as this process has it. */
const run = async (options: Partial<CheckOptions> = {}) => check({ ...(await vault.openReader()), store: fixture.store, ...options });
async function alter(packId: PackId, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const path = join(home, 'packs', packId);
  await nodeFiles.replace(path, change((await nodeFiles.read(path)).slice()));
}
/** None is there twice. */
const inventedId = (i: number): PackId => `b${i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b').padStart(58, 'a')}` as PackId;
const flip = (position: number) => (bytes: Uint8Array) => ((bytes[position < 0 ? bytes.length + position : position]! ^= 1), bytes);

describe('check', () => {
  it('finds nothing in a sound vault', async () => {
    const report = await run({ readData: 'all' });
    expect(report).toMatchObject({ ok: true, findings: [], snapshots: 2, packs: vault.packs.size, packsRead: vault.packs.size });
    expect(report.files).toBe(4);
    expect(report.bytesRead).toBeGreaterThan(1_000_000);
  });

  it('reads a part at a time until everything was read, and says what was not', async () => {
    const path = join(home, 'vault', 'verified');
    const seen = new Set<number>();
    for (let round = 1; round <= 4; round += 1) {
      const verifiedTimes = await VerifiedTimesFile.open(nodeFiles, path);
      const report = await run({ readData: { percent: 30 }, verifiedTimes, clock: { ...systemClock, nowMs: () => round * 1_000_000 } });
      expect(report.ok).toBe(true);
      seen.add(report.packsNeverRead!);
      expect(report.oldestReadMs === undefined).toBe(report.packsNeverRead! > 0);
      await verifiedTimes.save(Array.from(vault.packs.values(), ({ packId }) => packId));
    }
    expect([...seen]).toContain(0);
    expect(seen.size).toBeGreaterThan(1);
  });

  it('reads again what a clock that ran ahead has noted as read, and does not count it meanwhile', async () => {
    const path = join(home, 'vault', 'verified');
    const ahead = await VerifiedTimesFile.open(nodeFiles, path);
    for (const { packId } of vault.packs.values()) ahead.verified(packId, Date.now() + 365 * 86_400_000);
    await ahead.save(Array.from(vault.packs.values(), ({ packId }) => packId));
    const verifiedTimes = await VerifiedTimesFile.open(nodeFiles, path);
    expect(await run({ readData: 'none', verifiedTimes })).toMatchObject({ packsNeverRead: vault.packs.size, oldestReadMs: undefined });
    expect(await run({ readData: 'all', verifiedTimes })).toMatchObject({ packsNeverRead: 0, oldestReadMs: expect.any(Number) });
    expect((await run({ readData: 'none', verifiedTimes })).oldestReadMs).toBeLessThanOrEqual(Date.now());
  });

  it('does not count a damaged pack as read', async () => {
    await alter(packs.data[0]!, flip(2_000));
    const verifiedTimes = await VerifiedTimesFile.open(nodeFiles, join(home, 'vault', 'verified'));
    const report = await run({ readData: 'all', verifiedTimes });
    expect(report.packsNeverRead).toBe(1);
    expect(verifiedTimes.lastMs(packs.data[0]!)).toBeUndefined();
  });

  it('is not ok for all the notes that come before an error', async () => {
    await alter(packs.data[0]!, flip(2_000));
    const many = {
      ...fixture.store,
      // A first backup of some gigabytes that was interrupted leaves so many.
      ids: async function* () {
        yield* fixture.store.ids();
        for (let i = 0; i < 1_200; i += 1) yield inventedId(i);
      },
    };
    const report = await run({ store: many, readData: 'all' });
    expect(report.ok).toBe(false);
    expect(report.findings.filter(({ severity }) => severity === 'error')).not.toEqual([]);
    expect(report.findings.filter(({ severity }) => severity === 'note')).toHaveLength(1_000);
  });

  it('counts the errors that it does not name', async () => {
    const { reader, ...opened } = await vault.openReader();
    const missing = Array.from(reader.packs.values(), (pack) => pack);
    // A disk that lost more packs than are named: whoever repairs those that are is not done.
    for (let i = 0; i < 1_300; i += 1) reader.packs.add({ ...missing[0]!, ordinal: 10_000 + i, packId: inventedId(i) });
    const added = reader.packs.size - missing.length;
    const report = await check({ ...opened, reader, store: fixture.store, structureOnly: true });
    expect(report.findings).toHaveLength(1_000);
    expect(report.findings.length + report.unlistedErrors).toBe(added);
  });

  it('opens no pack when only the structure is asked for', async () => {
    await alter(packs.data[0]!, flip(-40));
    expect((await run()).ok).toBe(false);
    expect((await run({ structureOnly: true })).ok).toBe(true);
    await fixture.store.delete(packs.data[0]!);
    expect((await run({ structureOnly: true })).ok).toBe(false);
  });

  it.each(['data', 'meta', 'index'] as const)('names a %s pack that is missing', async (kind) => {
    await fixture.store.delete(packs[kind][0]!);
    const report = await run();
    expect(report.ok).toBe(false);
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'pack_missing', packId: packs[kind][0] }));
    if (kind === 'data') expect(report.findings.some(({ path }) => path?.startsWith(source))).toBe(true);
    if (kind === 'meta') expect(report.findings.map(({ code }) => code)).toContain('tree_unreadable');
    if (kind === 'index') expect(report.findings.map(({ code }) => code)).toContain('record_invalid');
  });

  it('sees a pack that is shorter, and without reading data a damaged directory', async () => {
    await alter(packs.data[0]!, (bytes) => bytes.subarray(0, bytes.length - 1));
    expect((await run()).findings).toContainEqual(expect.objectContaining({ code: 'pack_size_differs', packId: packs.data[0] }));
    await alter(packs.data[1]!, flip(-3));
    expect((await run()).findings).toContainEqual(expect.objectContaining({ code: 'pack_corrupt', packId: packs.data[1] }));
  });

  it.each([
    ['header', 5],
    ['chunk', 100_000],
    ['padding or directory', -500],
    ['trailer', -1],
  ])('finds one flipped bit anywhere when it reads all data (%s)', async (_, position) => {
    await alter(packs.data[0]!, flip(position));
    const report = await run({ readData: 'all' });
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'pack_corrupt', packId: packs.data[0] }));
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'chunk_corrupt', packId: packs.data[0], path: expect.stringContaining(source) }),
    );
  });

  it('reads about as much as asked for', async () => {
    const total = vault.allPacks().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const report = await run({ readData: { percent: 30 }, random: seededRandom(1) });
    expect(report.packsRead).toBeLessThan(vault.packs.size);
    expect(report.bytesRead).toBeGreaterThanOrEqual(total * 0.3);
    expect((await run({ readData: { bytes: 1 } })).packsRead).toBe(1);
  });

  it('notes packs that no index names', async () => {
    const other = await vaultFixture(join(home, 'other'), fixture.store, {}, 77);
    const stranger = await other.create();
    const { newPacks } = await backup({ vault: stranger, folders: [join(source, 'sub')], host: 'h', user: 'u' });
    const report = await run();
    expect(report.ok).toBe(true);
    expect(report.findings.map(({ code, packId }) => `${code} ${packId}`).sort()).toEqual(
      newPacks.map(({ packId }) => `pack_unknown ${packId}`).sort(),
    );
    const pruned = await run({ retired: new Set(newPacks.slice(1).map(({ packId }) => packId)) });
    expect(pruned.findings.map(({ code }) => code)).toEqual(['pack_unknown', 'packs_retired']);
    expect(pruned).toMatchObject({ ok: true, findings: [{ packId: newPacks[0]!.packId }, {}] });
    const back = await run({ lost: new Set([newPacks[0]!.packId]) });
    expect(back.findings.find(({ packId }) => packId === newPacks[0]!.packId)!.message).toContain('"holdfast repair index" takes it back');
  });
});
