import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareTrees, currentPlatform } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { flipBit, packFiles } from '../support/pack-files.ts';
import { pauseReading } from '../support/reading.ts';
import { writeSample } from '../support/sample-folder.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;

describe('a flipped bit', () => {
  const scene = teamForTests();
  const documents = join(scene.folder, 'documents');
  let ada: Agent;
  let ben: Agent;
  let chloe: Agent;

  const restoreTo = async (target: string) => ada.run(['restore', '--to', target, '--verify']);

  beforeAll(async () => {
    writeSample(currentPlatform(), documents, { smallFiles: 300, largeFileBytes: 8 * MiB });
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    chloe = await scene.team.join('chloe');
    await ada.must(['backup', '--wait-protected']);
    // Else her daemon may find and mend what is about to be damaged before a command does, and make audits find what holders have.
    await pauseReading(ada);
  });

  it("in every pack of the owner's own store: named, repaired from holders, restored byte-identical", async () => {
    const packs = packFiles(ada.home, 'own');
    for (const [n, pack] of packs.entries()) flipBit(pack.path, Math.floor((pack.sizeBytes * (n + 1)) / (packs.length + 1)), n % 8);
    const target = join(scene.folder, 'own-damaged');
    const restored = await restoreTo(target);
    expect(restored.exitCode).toBe(0);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
    // What the restore read and found bad is named by pack and by place, and is whole again on this disk.
    const result = lastEvent<{ corruptionsRepaired: number; repairedPacks: string[] }>(restored);
    const notices = restored.events.filter((e) => e.event === 'notice' && e['code'] === 'block_corrupt');
    expect(result.repairedPacks.length).toBeGreaterThan(0);
    for (const packId of result.repairedPacks) expect(notices.map((n) => n['message'])).toContainEqual(expect.stringContaining(packId));
    expect(notices.every((n) => String(n['message']).includes('own packs'))).toBe(true);

    expect(lastEvent(await ada.must(['check', '--read-data']))).toMatchObject({ ok: true, errors: 0, packsRead: packs.length });
  });

  it("in every pack of the owner's own store: check --read-data finds each, and mends it from the holders", async () => {
    const packs = packFiles(ada.home, 'own');
    // One is gone behind the back of the running program.
    for (const [n, pack] of packs.entries())
      if (n === 0) rmSync(pack.path);
      else flipBit(pack.path, (pack.sizeBytes * (n + 1)) >> 4, n % 8);
    const check = await ada.run(['check', '--read-data']);
    expect(check.exitCode).toBe(0);
    const findings = check.events.filter((e) => e['type'] === 'finding' && e['severity'] === 'error');
    for (const { packId } of packs) expect(findings).toContainEqual(expect.objectContaining({ packId, repaired: true }));
    expect(new Set(lastEvent<{ repairedPacks: string[] }>(check).repairedPacks)).toEqual(new Set(packs.map((pack) => pack.packId)));
    const again = await ada.must(['check', '--read-data']);
    expect(lastEvent(again)).toMatchObject({ ok: true, errors: 0, repairedPacks: [], packsRead: packs.length });
    expect(again.events.filter((e) => e['type'] === 'finding')).toEqual([]);
  });

  it('at both holders, in different places: restored byte-identical on a machine that has nothing, each named', async () => {
    const { kit, passphrase } = scene.team.recovery;
    // Whoever is asked first is wrong somewhere; only together do they have everything.
    const damaged = new Map<string, { packId: string; leaf: number }[]>();
    for (const [holder, leaf] of [
      [ben, 0],
      [chloe, 1],
    ] as const) {
      const large = packFiles(holder.home, 'held').filter((pack) => pack.sizeBytes > 2 * MiB);
      expect(large.length).toBeGreaterThan(0);
      for (const pack of large) flipBit(pack.path, leaf * MiB + 1234, 3);
      damaged.set(
        holder.name,
        large.map(({ packId }) => ({ packId, leaf })),
      );
    }
    await ada.stop();
    const fresh = await scene.team.enrol('ada-new');
    const target = join(scene.folder, 'holder-damaged');
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'];
    const restored = await fresh.run(args);
    expect(restored.exitCode).toBe(0);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
    const notices = restored.events.filter((e) => e.event === 'notice' && e['code'] === 'block_corrupt').map((n) => String(n['message']));
    expect(notices.length).toBeGreaterThan(0);
    for (const notice of notices) {
      const [, packId, leaf, holder] = /^pack (\S+), leaf (\d+): wrong at (\S+);/.exec(notice) ?? [notice];
      expect(damaged.get(holder ?? '')).toContainEqual({ packId, leaf: Number(leaf) });
    }
    expect(lastEvent<{ corruptionsRepaired: number }>(restored).corruptionsRepaired).toBeGreaterThan(0);
  });

  it('that no holder can mend is an error of check --read-data, by name', async () => {
    await Promise.all([ben.stop(), chloe.stop()]);
    const [pack] = packFiles(ada.home, 'own');
    flipBit(pack!.path, 12_345, 5);
    const check = await ada.run(['check', '--read-data']);
    expect(check.exitCode).toBe(1);
    expect(lastEvent(check)).toMatchObject({ event: 'result', ok: false });
    const findings = check.events.filter((e) => e['type'] === 'finding' && e['severity'] === 'error');
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) expect(finding).toMatchObject({ packId: pack!.packId, repaired: false });

    // What is lost is stored again by the next backup, once the index no longer counts on it.
    const dry = await ada.run(['repair', 'index', '--read-data', '--dry-run']);
    expect(lastEvent(dry)).toMatchObject({ event: 'result', exitCode: 3, dryRun: true, packsLost: 1 });
    const repair = await ada.run(['repair', 'index', '--read-data']);
    expect(repair.exitCode).toBe(3);
    expect(repair.events).toContainEqual(expect.objectContaining({ type: 'pack', packId: pack!.packId, action: 'lost' }));
    expect(lastEvent(repair)).toMatchObject({ event: 'result', changed: true, packsLost: 1, lostSnapshots: [] });
    await ada.must(['backup']);
    expect(lastEvent(await ada.must(['check', '--read-data']))).toMatchObject({ ok: true, errors: 0 });
    expect(lastEvent(await ada.must(['repair', 'index']))).toMatchObject({ changed: false, packsLost: 0 });
    const target = join(scene.folder, 'after-repair');
    expect((await restoreTo(target)).exitCode).toBe(0);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });

  it('in the only copy of files that are no longer there: named, marked, and the rest of the snapshot comes back', async () => {
    writeFileSync(join(documents, 'only-once'), randomBytes(100_000));
    const before = new Set(packFiles(ada.home, 'own').map(({ path }) => path));
    const { sequence } = lastEvent<{ sequence: number }>(await ada.must(['backup']));
    const added = packFiles(ada.home, 'own').filter(({ path, sizeBytes }) => !before.has(path) && sizeBytes > 100_000);
    expect(added).toHaveLength(1);
    rmSync(join(documents, 'only-once'));
    rmSync(added[0]!.path);
    expect((await ada.run(['repair', 'index'])).exitCode).toBe(3);
    await ada.must(['backup']);
    expect((await ada.run(['check'])).exitCode).toBe(1);

    const dry = await ada.run(['repair', 'snapshots', '--dry-run']);
    const repair = await ada.run(['repair', 'snapshots']);
    for (const { exitCode, events } of [dry, repair]) {
      expect(exitCode).toBe(3);
      const lost = events.filter((e) => e['type'] === 'entry');
      expect(lost).toEqual([
        expect.objectContaining({ path: join(documents, 'only-once'), bytes: 100_000, first: sequence, last: sequence }),
      ]);
    }
    expect(lastEvent(repair)).toMatchObject({ changed: true, snapshotsDamaged: 1, lostVersions: 1 });
    expect(lastEvent(await ada.must(['check', '--read-data']))).toMatchObject({ ok: true, errors: 0 });
    const marked = (await ada.must(['snapshots'])).events.filter((e) => e['lost'] !== undefined);
    expect(marked).toEqual([expect.objectContaining({ sequence, lost: { files: 1, folders: 0, bytes: 100_000 } })]);

    const target = join(scene.folder, 'marked');
    const restored = await ada.run(['restore', '--snapshot', String(sequence), '--to', target]);
    expect(restored.exitCode).toBe(3);
    expect(restored.events.filter((e) => e.event === 'notice').map((e) => e['code'])).toEqual(['content_lost']);
    // All but the time of the folder, from which the file was removed afterwards.
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([
      expect.objectContaining({ aspect: 'mtime', path: '.' }),
    ]);
    expect((await ada.run(['dump', join(documents, 'only-once'), '--snapshot', String(sequence)])).events.at(-1)).toMatchObject({
      event: 'error',
      code: 'content_lost',
    });
  });
});
