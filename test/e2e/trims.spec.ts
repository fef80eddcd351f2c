import { describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrimView } from '#libs/contracts';
import { pageOf, trimView } from '#libs/contracts';
import { compareTrees } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** A process that gets no time for ten seconds is no machine that is missed: nothing is to be repaired here. */
const patient = `
durability:
  silence:
    workstation: { asleepAfterSeconds: 10, overdueAfterSeconds: 600, suspectAfterSeconds: 700, missingAfterSeconds: 800, lostAfterSeconds: 86400 }
`;

/** The team wanted four copies of everything and now wants three. */
describe('copies beyond what is wanted', () => {
  const scene = teamForTests({ replicas: 4, config: patient });
  const documents = join(scene.folder, 'documents');
  let ada: Agent;
  let holders: Agent[];

  const trims = async (): Promise<TrimView[]> => (await scene.team.setup.admin.get('/api/v1/trims', pageOf(trimView))).items;
  const heldIds = (agent: Agent): string[] =>
    packFiles(agent.home, 'held')
      .map((file) => file.packId)
      .sort();
  /** Packs in the holder's own book of trims. */
  const inHold = (agent: Agent): string[] => {
    const folder = join(agent.home, 'state', 'trim-holds');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { packs: { packId: string }[] }).packs)
      .map((pack) => pack.packId);
  };

  it('are let go once their owner was shown a block by three others, and every file stays for the hold', async () => {
    mkdirSync(documents);
    for (let n = 0; n < 3; n += 1) writeFileSync(join(documents, `photo-${n}.raw`), incompressible(2 * 1024 * 1024, n));
    ada = await scene.team.join('ada', [documents]);
    holders = [];
    for (const name of ['ben', 'chloe', 'dan', 'eva']) holders.push(await scene.team.join(name));
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    const before = holders.map(heldIds);
    await scene.team.changeTeamPolicy((policy) => ({
      ...policy,
      replicas: { target: 3, minimum: 2 },
      durability: { reconcile: { trimAfterMs: 0 } },
    }));
    const found = await until(
      'copies are in hold at their holders',
      async () => {
        const noted = holders.flatMap(inHold);
        const views = await trims();
        return noted.length > 0 && noted.length === views.reduce((sum, view) => sum + view.packs, 0) && { noted, views };
      },
      90_000,
    );
    // Of each data pack one copy of four; index packs stay with everybody, since five are wanted.
    expect(new Set(found.noted).size).toBe(found.noted.length);
    expect(found.views.every((view) => view.state === 'holding' && view.deviceName === 'ada')).toBe(true);
    expect(holders.map(heldIds)).toEqual(before);
    const { replicaHistogram } = await scene.team.overview();
    expect(replicaHistogram).toMatchObject({ zero: 0, one: 0, two: 0 });
    expect(await scene.team.latestSnapshot('ada')).toMatchObject({ packsBelowMinimum: 0, protection: 'full' });
  });

  it('count again when one of the others is gone for good, and nothing is sent for it', async () => {
    const before = new Set(holders.flatMap(inHold));
    const others = holders.filter((agent) => inHold(agent).length === 0);
    const gone = others[0] ?? holders[0]!;
    await gone.stop();
    const { deviceId } = await scene.team.device(gone.name);
    await scene.team.setup.admin.send('POST', `/api/v1/devices/${deviceId}/revoke`, z.unknown());
    const files = holders.filter((agent) => agent !== gone).map(heldIds);
    await until('the trims are over', async () => (await trims()).every((view) => view.state === 'done'), 60_000);
    expect(before.size).toBeGreaterThan(0);
    expect(holders.filter((agent) => agent !== gone).map(heldIds)).toEqual(files);
    expect(await scene.team.latestSnapshot('ada')).toMatchObject({ packsBelowMinimum: 0 });
    await ada.kill();
    rmSync(ada.home, { recursive: true });
    const { kit, passphrase } = scene.team.recovery;
    const target = join(scene.folder, 'restored');
    const keeper = holders.find((agent) => agent !== gone)!;
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'];
    expect(lastEvent(await keeper.must(args))).toMatchObject({ errors: 0 });
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });
});
