import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceAudits } from '#libs/contracts';
import { deviceAudits } from '#libs/contracts';
import { currentPlatform } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { flipBit, packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { incompressible, writeSample } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;

describe('audits between real processes', () => {
  const scene = teamForTests({
    config: `
durability:
  audits: { sweepCron: '* * * * * *', periodSeconds: 60, lookSeconds: 2, answerSeconds: 20, retrySeconds: 5 }
`,
  });
  const documents = join(scene.folder, 'documents');
  let ada: Agent;
  let ben: Agent;
  let chloe: Agent;

  const audits = async (name: string): Promise<DeviceAudits> =>
    scene.team.setup.admin.get(`/api/v1/devices/${(await scene.team.device(name)).deviceId}/audits`, deviceAudits);

  beforeAll(async () => {
    writeSample(currentPlatform(), documents, { smallFiles: 100, largeFileBytes: 8 * MiB });
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    chloe = await scene.team.join('chloe');
    await ada.must(['backup', '--wait-protected']);
  });

  it('are passed by holders that have the packs', async () => {
    const held = packFiles(ben.home, 'held').length;
    await until('every pack at ben was audited', async () => (await audits('ben')).standing.passed >= held, 120_000);
    expect((await audits('ben')).standing).toMatchObject({ failed: 0, quarantine: null, quarantinedReplicas: 0 });
  });

  it('find one turned bit in a held pack; it is fetched anew in its place, and the history says why', async () => {
    const [pack] = packFiles(ben.home, 'held').sort((a, b) => b.sizeBytes - a.sizeBytes);
    flipBit(pack!.path, pack!.sizeBytes >> 1, 3);
    await until('the damage is in the history', async () => (await audits('ben')).events.items.some((e) => e.kind === 'rot'), 120_000);
    const event = (await audits('ben')).events.items.find((e) => e.kind === 'rot');
    expect(event?.cause).toBe('Found a damaged pack of ada on its own disk. This copy no longer counts and is made again elsewhere.');
    const whole = packFiles(chloe.home, 'held').find((other) => other.packId === pack!.packId)!;
    await until('the copy at ben is whole again', async () => readFileSync(pack!.path).equals(readFileSync(whole.path)), 120_000);
    await until(
      'ada is protected again',
      async () => lastEvent<{ state: string }>(await ada.must(['status'])).state === 'protected',
      60_000,
    );
    expect((await audits('ben')).standing.failed).toBe(0);
  });

  it('keep quiet when told to: a paused machine takes in nothing, says so, and goes on when resumed', async () => {
    const paused = await chloe.must(['pause', '2h']);
    expect(lastEvent(paused)).toMatchObject({ command: 'pause', exitCode: 0 });
    const status = lastEvent<{ waiting: { code: string; what: string }[] }>(await chloe.must(['status']));
    expect(status.waiting).toMatchObject([{ code: 'paused', what: expect.stringContaining('taking in packs') }]);
    const before = packFiles(chloe.home, 'held').length;
    writeFileSync(join(documents, 'more.bin'), incompressible(3 * MiB, 7));
    await ada.must(['backup']);
    const all = packFiles(ada.home, 'own').length;
    await until('ben has everything', async () => packFiles(ben.home, 'held').length === all, 60_000);
    expect(packFiles(chloe.home, 'held')).toHaveLength(before);
    expect(lastEvent(await chloe.must(['resume']))).toMatchObject({ wasPaused: true });
    await until('chloe has everything', async () => packFiles(chloe.home, 'held').length === all, 120_000);
  });
});
