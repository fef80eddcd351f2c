import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignedStatement } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { cryptoReady, newBoxKeyPair, newSigningKeyPair, renewCoordinatorCertificate, sealBundle } from '#libs/crypto';
import { systemRandom, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles } from '#libs/kernel/testing';
import { BundleKeeper } from './bundle-keeper.ts';
import { coordinatorUrl } from './coordinator.commands.ts';

const teamId = '4f6f2a39-4c92-4d6b-8d3e-0d9d3d4f1a10';

describe('what the coordinator leaves with a device', () => {
  let folder: string;
  let keys: TeamKeys;
  let coordinator: ReturnType<typeof newSigningKeyPair>;
  beforeAll(async () => {
    await cryptoReady();
    coordinator = newSigningKeyPair(systemRandom);
    keys = { teamId, name: 'T', createdAtMs: 1, root: newSigningKeyPair(systemRandom), recovery: newBoxKeyPair(systemRandom) };
  });
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'holdfast-bundles-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const aBundle = (madeAtMs: number, by = coordinator): SignedStatement => {
    const certificate = renewCoordinatorCertificate(keys, by.publicKey, 1);
    return sealBundle(utf8('all'), { teamId, madeAtMs, rosterVersion: 1, certificate }, keys.recovery.publicKey, by.secretKey);
  };
  const open = (files: DurableFiles = nodeFiles): Promise<BundleKeeper> => BundleKeeper.open(files, folder, teamId, coordinator.publicKey);

  it('is there after a restart, the newest and two before it', async () => {
    const keeper = await open();
    expect(keeper.newest).toBeUndefined();
    for (const madeAtMs of [1, 2, 3, 4]) await keeper.accept(aBundle(madeAtMs));
    const again = await open();
    expect((await again.all()).map((one) => one.facts.madeAtMs)).toEqual([4, 3, 2]);
    expect(again.newest?.digest).toBe(keeper.newest?.digest);
    await again.accept(aBundle(5));
    expect((await again.all()).map((one) => one.facts.madeAtMs)).toEqual([5, 4, 3]);
  });

  it('goes by the order of receipt: a clock that ran ahead does not keep an old one in place', async () => {
    const keeper = await open();
    await keeper.accept(aBundle(Date.UTC(2050, 0)));
    await keeper.accept(aBundle(7));
    expect((await open()).newest?.facts.madeAtMs).toBe(7);
  });

  it('once more is the same file', async () => {
    const keeper = await open();
    const statement = aBundle(1);
    await keeper.accept(statement);
    await keeper.accept(statement);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('by anybody else is refused, and changes nothing', async () => {
    const keeper = await open();
    await keeper.accept(aBundle(1));
    const stranger = newSigningKeyPair(systemRandom);
    await expect(keeper.accept(aBundle(2, stranger))).rejects.toMatchObject({ code: 'bad_bundle' });
    expect((await open()).newest?.facts.madeAtMs).toBe(1);
  });

  it.each([
    ['torn', (file: string) => truncateSync(file, 100)],
    ['of zeros', (file: string) => writeFileSync(file, Buffer.alloc(500))],
    ['flipped', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(/"payload":"(.)/, '"payload":"_'))],
    ['huge', (file: string) => truncateSync(file, 7 * 1024 * 1024)],
  ])('and is %s on the disk falls back to the one before', async (_, damage) => {
    const keeper = await open();
    await keeper.accept(aBundle(1));
    await keeper.accept(aBundle(2));
    damage(join(folder, 'bundle-2.json'));
    const again = await open();
    expect(again.newest?.facts.madeAtMs).toBe(1);
    // What comes next does not overwrite what is whole.
    await again.accept(aBundle(3));
    expect((await open()).newest?.facts.madeAtMs).toBe(3);
  });

  it('on a full disk leaves what was there', async () => {
    await (await open()).accept(aBundle(1));
    const keeper = await open(faultyFiles(nodeFiles, { fullAt: 1 }));
    await expect(keeper.accept(aBundle(2))).rejects.toMatchObject({ code: 'disk_full' });
    expect(keeper.newest?.facts.madeAtMs).toBe(1);
    expect((await open()).newest?.facts.madeAtMs).toBe(1);
  });
});

describe('the address of a coordinator', () => {
  it.each([
    ['backup.example.org:8443', 'https://backup.example.org:8443'],
    ['https://backup.example.org:8443/', 'https://backup.example.org:8443'],
    ['backup.example.org', 'https://backup.example.org:443'],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443'],
  ])('%s', (typed, url) => expect(coordinatorUrl(typed)).toBe(url));

  it.each(['http://x:1', 'x/y', 'a b', 'user@host', '', 'x?y', ':8443'])('is not %j', (typed) =>
    expect(() => coordinatorUrl(typed)).toThrow(expect.objectContaining({ code: 'bad_argument' })),
  );
});
