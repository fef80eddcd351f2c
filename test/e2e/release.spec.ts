import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Release, ReleaseView } from '#libs/contracts';
import { pageOf, releaseView } from '#libs/contracts';
import { cryptoReady, signRelease } from '#libs/crypto';
import { compareTrees } from '#libs/engine';
import { toBase64Url } from '#libs/kernel';
import { decodeHead, encodeHead } from '#libs/vault';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { DeviceClient } from '../support/device-client.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** Ransomware on ada's machine has her keys. It wipes her disk's history and signs everything away. */
describe('a compromised owner releases everything', () => {
  const scene = teamForTests({ replicas: 2 });
  const documents = join(scene.folder, 'documents');
  let ada: Agent;
  let holders: Agent[];
  let attacker: DeviceClient;
  let headBefore: Buffer;

  const releases = async (): Promise<ReleaseView[]> => (await scene.team.setup.admin.get('/api/v1/releases', pageOf(releaseView))).items;
  const heldIds = (agent: Agent): string[] =>
    packFiles(agent.home, 'held')
      .map((file) => file.packId)
      .sort();
  /** What the holder's own book says of the release. */
  const holdOf = (agent: Agent, releaseId: string): { state: string; packs: unknown[] } | undefined => {
    const file = join(agent.home, 'state', 'holds', `${releaseId}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { state: string; packs: unknown[] }) : undefined;
  };

  beforeAll(async () => {
    await cryptoReady();
    mkdirSync(documents);
    for (let n = 0; n < 4; n += 1) writeFileSync(join(documents, `photo-${n}.raw`), incompressible(3 * 1024 * 1024, n));
    ada = await scene.team.join('ada', [documents]);
    holders = [await scene.team.join('ben'), await scene.team.join('chloe')];
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    await ada.kill();
    attacker = new DeviceClient(ada.home);
    headBefore = readFileSync(join(ada.home, 'vault', 'head'));
  });

  it('and the API shows it at once, while holders do not even hear of it', async () => {
    const before = holders.map(heldIds);
    const packIds = before[0]!;
    expect(before[1]).toEqual(packIds);
    const head = decodeHead(headBefore, attacker.keys.publicKey);
    const empty = encodeHead({ ...head, sequence: head.sequence + 1, snapshots: [], indexPacks: [] }, attacker.keys);
    expect(await attacker.call('PUT', '/vault/head', { vaultId: attacker.vaultId, head: toBase64Url(empty), needs: [] })).toMatchObject({
      status: 204,
    });
    const body: Release = {
      ...{ teamId: scene.team.setup.admin.session.team.teamId, releaseId: randomUUID(), vaultId: attacker.vaultId },
      ...{ ownerDeviceId: attacker.deviceId, releaseSequence: 1, headSequence: head.sequence + 1, generation: 0 },
      ...{ reason: 'retention', packIds: packIds as Release['packIds'], atMs: Date.now() },
    };
    const sent = await attacker.call('POST', '/releases', { release: signRelease(body, attacker.keys.secretKey) });
    expect(sent).toMatchObject({ status: 200, body: { state: 'waiting' } });

    const [shown] = await releases();
    expect(shown).toMatchObject({ deviceName: 'ada', state: 'waiting', share: 1, packs: packIds.length, snapshotsForgotten: 1 });
    expect((await scene.team.overview()).reasons[0]?.text).toMatch(/ada wants to delete 100 % of its backups/);
    expect(holders.map((agent) => holdOf(agent, shown!.releaseId))).toEqual([undefined, undefined]);
  });

  it('loses nothing when somebody approves it by mistake, not even to who asks early', async () => {
    const before = holders.map(heldIds);
    const [{ releaseId }] = (await releases()) as [ReleaseView];
    await scene.team.setup.admin.send('POST', `/api/v1/releases/${releaseId}/approve`, z.unknown());
    await until(
      'both holders have noted the hold',
      async () => holders.every((agent) => holdOf(agent, releaseId)?.state === 'holding'),
      60_000,
    );
    for (const agent of holders) expect(holdOf(agent, releaseId)!.packs).toHaveLength(before[0]!.length);
    const early = await new DeviceClient(holders[0]!.home).call('POST', `/releases/${releaseId}/confirm`, { nonce: 'A'.repeat(43) });
    expect(early).toMatchObject({ status: 409, body: { code: 'release_hold_running' } });
    await holders[0]!.kill();
    await holders[0]!.daemonReady();
    expect(holders.map(heldIds)).toEqual(before);
  });

  it('and a cancel gives everything back: a new machine restores every byte', async () => {
    const before = holders.map(heldIds);
    const [{ releaseId }] = (await releases()) as [ReleaseView];
    await scene.team.setup.admin.send('POST', `/api/v1/releases/${releaseId}/cancel`, z.unknown());
    await until(
      'both holders have heard of the cancel',
      async () => holders.every((agent) => holdOf(agent, releaseId)?.state === 'cancelled'),
      60_000,
    );
    expect(holders.map(heldIds)).toEqual(before);
    // The holder that was restarted may still be counted anew.
    await until('every pack counts again', async () => (await scene.team.latestSnapshot('ada'))?.packsBelowMinimum === 0, 60_000);
    expect(await scene.team.latestSnapshot('ada')).toMatchObject({ sequence: 1, packsBelowMinimum: 0 });

    // Nothing is left of the machine itself.
    rmSync(ada.home, { recursive: true });
    const fresh = await scene.team.enrol('dan');
    const { kit, passphrase } = scene.team.recovery;
    const target = join(scene.folder, 'restored');
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'];
    expect(lastEvent(await fresh.must(args))).toMatchObject({ errors: 0 });
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
    expect(readdirSync(documents)).toHaveLength(4);
  });

  it('while housekeeping deletes own copies once it is accepted, and colleagues keep theirs for the hold', async () => {
    const work = join(scene.folder, 'work');
    mkdirSync(work);
    for (let n = 0; n < 8; n += 1) writeFileSync(join(work, `${n}.raw`), incompressible(1024 * 1024, 50 + n));
    const eva = await scene.team.join('eva', [work]);
    await eva.must(['backup', '--wait-protected']);
    for (let n = 0; n < 6; n += 1) rmSync(join(work, `${n}.raw`));
    await eva.must(['backup', '--wait-protected']);
    const packsBefore = packFiles(eva.home, 'own').map((file) => file.packId);
    await eva.must(['forget', '--keep-last', '1', '--apply']);
    await eva.must(['prune', '--max-rewrite', '1G']);
    const mine = async (state: string): Promise<ReleaseView[]> =>
      (await releases()).filter((one) => one.deviceName === 'eva' && one.state === state);
    const packsIn = async (state: string): Promise<number> => (await mine(state)).reduce((sum, { packs }) => sum + packs, 0);
    // What replaces rewritten packs has to be protected first; then the agent asks by itself. A little may be ready, and accepted, before the rest.
    const waiting = await until(
      'a release of eva',
      async () => {
        await eva.must(['prune', '--max-rewrite', '1G']);
        return (await mine('waiting')).find(({ flags }) => flags.includes('large-share'));
      },
      90_000,
      2000,
    );
    /** What prune tells once it tells the same as the coordinator: another release may be on its way there, or the answer on its way back. */
    const told = (): Promise<{ explanations: string[]; packsInHold: number; holdUntilMs: number | null }> =>
      until('prune tells what waits and what is in hold', async () => {
        const result = lastEvent<{ packsForAdmin: number; explanations: string[]; packsInHold: number; holdUntilMs: number | null }>(
          await eva.must(['prune', '--max-rewrite', '1G']),
        );
        const known = { packsForAdmin: await packsIn('waiting'), packsInHold: await packsIn('holding') };
        if (result.packsForAdmin === known.packsForAdmin && result.packsInHold === known.packsInHold) return result;
        throw new Error(`told ${JSON.stringify(result)}, known ${JSON.stringify(known)}`);
      });
    const missing = (): string[] => {
      const left = new Set(packFiles(eva.home, 'own').map((file) => file.packId));
      return packsBefore.filter((packId) => !left.has(packId));
    };
    const before = await told();
    expect(before.explanations).toContain(waiting.explanation);
    expect(before.holdUntilMs === null).toBe(before.packsInHold === 0);
    expect(missing().length).toBeLessThanOrEqual(before.packsInHold);

    await scene.team.setup.admin.send('POST', `/api/v1/releases/${waiting.releaseId}/approve`, z.unknown());
    const gone = await until('own copies are gone', async () => {
      const now = missing();
      return now.length >= waiting.packs ? now : undefined;
    });
    for (const agent of holders) expect(heldIds(agent)).toEqual(expect.arrayContaining(gone));
    const inHold = await told();
    expect(inHold.packsInHold).toBeGreaterThanOrEqual(before.packsInHold + waiting.packs);
    expect(inHold.holdUntilMs).toBeGreaterThan(Date.now() + 13 * 24 * 3_600_000);
    const target = join(scene.folder, 'work-restored');
    await eva.must(['restore', '--to', target, '--verify']);
    expect(await compareTrees(work, restoredPath(target, work))).toEqual([]);
  });
});
