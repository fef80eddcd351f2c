import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Overview, RebuildView } from '#libs/contracts';
import { bundle as bundleBody, bundleView, overview, rebuildView, signedStatement } from '#libs/contracts';
import { compareTrees } from '#libs/engine';
import { AdminClient } from '../support/admin-client.ts';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import type { Coordinator } from '../support/coordinator.ts';
import { startCoordinator } from '../support/coordinator.ts';
import { freePort, programs, start, until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** A process that gets no time for ten seconds is no machine that is missed; bundles are left within seconds. */
const config = `
durability:
  silence:
    workstation: { asleepAfterSeconds: 10, overdueAfterSeconds: 600, suspectAfterSeconds: 700, missingAfterSeconds: 800, lostAfterSeconds: 86400 }
bundle: { sweepCron: '* * * * * *' }
`;

/** The machine with the coordinator burns: its key, its certificate, its database, its people. What is left is the recovery kit and what devices keep. */
describe('a coordinator whose disk is lost', () => {
  const scene = teamForTests({ replicas: 2, config });
  const documents = join(scene.folder, 'documents');
  let [ada, ben, chloe, mallory]: Agent[] = [];
  let before: Overview;
  /** The roster that mallory joined with. */
  let joinedVersion: number;
  let second: Coordinator;
  let admin: AdminClient;

  const holdfastCoordinator = async (home: string, args: readonly string[]): Promise<{ ended: unknown; output: string }> => {
    const run = start(programs.coordinator, args, { env: { HOLDFAST_ENV: 'demo', HOLDFAST_COORDINATOR_HOME: home } });
    return { ended: await run.ended, output: run.output() };
  };
  const startAgain = (home: string, port: number): Promise<Coordinator> =>
    startCoordinator({ home, port, env: { HOLDFAST_CONFIG: join(scene.folder, 'coordinator.yaml') } });
  const counts = ({ replicaHistogram, storage }: Overview) => ({ replicaHistogram, vaultBytes: storage.vaultBytes });
  const signedIn = async (url: string): Promise<AdminClient> => {
    const client = new AdminClient(url);
    await client.signIn(scene.team.setup.account.email, scene.team.setup.account.password);
    return client;
  };
  const everybodyReported = (client: AdminClient): Promise<RebuildView> =>
    until(
      'everybody has reported',
      async () => {
        const view = await client.get('/api/v1/rebuild', rebuildView);
        return view.sinceMs !== null && !view.frozen && view.waitingFor.length === 0 && view;
      },
      90_000,
    );
  const restoreArgs = (bundle: string): string[] => {
    const { kit, passphrase } = scene.team.recovery;
    return ['restore', bundle, '--recovery-kit', kit, '--passphrase-file', passphrase];
  };

  beforeAll(async () => {
    mkdirSync(documents);
    for (const n of [1, 2]) writeFileSync(join(documents, `photo-${n}.raw`), incompressible(2 * 1024 * 1024, n));
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    chloe = await scene.team.join('chloe');
    mallory = await scene.team.join('mallory');
    joinedVersion = z.object({ coordinator: z.object({ rosterVersion: z.int() }) }).parse(lastEvent(await mallory.must(['status'])))
      .coordinator.rosterVersion;
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    const { deviceId } = await scene.team.device('mallory');
    expect((await scene.team.setup.admin.exchange('POST', `/api/v1/devices/${deviceId}/revoke`, {})).status).toBe(204);
    // What mallory held counts no more: the two others have everything.
    before = await until('every pack has its two copies', async () => {
      const now = await scene.team.overview();
      const { zero, one, two, threeOrMore } = now.replicaHistogram;
      return zero + one + threeOrMore === 0 && two > 0 && now;
    });
  });

  it('left what a new one needs with its devices, and not with the one that it threw out', async () => {
    await until('three keep the bundle that knows of the revocation', async () => {
      const { admin } = scene.team.setup;
      const { payload } = await admin.get('/api/v1/bundle/file', signedStatement);
      const { rosterVersion } = bundleBody.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      const view = await admin.get('/api/v1/bundle', bundleView);
      return rosterVersion > joinedVersion && view.keepers.length === 3;
    });
    expect(lastEvent(await ben!.must(['status']))).toMatchObject({
      coordinator: { bundle: { keptMadeAtMs: expect.any(Number), worrying: false } },
    });
    const findings = (await ben!.run(['doctor'])).events.filter((event) => event['type'] === 'finding');
    expect(findings.map((finding) => finding['code'])).toContain('bundle');
  });

  it('is put back from a device and the recovery kit, at the same address, and everybody comes back by themselves', async () => {
    const { home, port, process: first } = scene.team.coordinator;
    first.kill('SIGKILL');
    await first.ended;
    rmSync(home, { recursive: true });
    const bundle = join(scene.folder, 'bundle.json');
    await chloe!.must(['coordinator', 'bundle', bundle]);

    // Whoever is in a hurry starts it first, and gets the keys of another coordinator: no harm done.
    const hasty = await startAgain(home, port);
    await hasty.process.stop();
    const put = await holdfastCoordinator(home, restoreArgs(bundle));
    expect(put).toMatchObject({ ended: 0, output: expect.stringContaining('with 3 devices and 1 account.') });
    // Nothing is ever overwritten.
    expect(await holdfastCoordinator(home, restoreArgs(bundle))).toMatchObject({
      ended: 1,
      output: expect.stringContaining('(setup_done)'),
    });

    second = await startAgain(home, port);
    admin = await signedIn(second.url);
    const view = await everybodyReported(admin);
    expect(view).toMatchObject({ knownDevices: 3, cause: expect.stringContaining('bundle') });
    const after = await until('all three are there, and the counts are as before', async () => {
      const now = await admin.get('/api/v1/overview', overview);
      return now.devices.online === 3 && JSON.stringify(counts(now)) === JSON.stringify(counts(before)) && now;
    });
    expect(after.devices.total).toBe(3);
    expect((await mallory!.run(['status'])).exitCode).toBe(0);
    expect(lastEvent(await mallory!.must(['status']))).toMatchObject({ coordinator: { reachable: false } });
  });

  it('takes backups as before, and a lost machine is restored', async () => {
    writeFileSync(join(documents, 'photo-3.raw'), incompressible(2 * 1024 * 1024, 3));
    expect(lastEvent(await ada!.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    await ada!.kill();
    rmSync(ada!.home, { recursive: true });
    const { kit, passphrase } = scene.team.recovery;
    const target = join(scene.folder, 'restored-by-ben');
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'];
    expect(lastEvent(await ben!.must(args))).toMatchObject({ errors: 0 });
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });

  it('at another address is found again by a command, which an impostor can’t use', async () => {
    await second.process.stop();
    const port = await freePort();
    const impostorHome = join(scene.folder, 'impostor');
    const impostor = await startAgain(impostorHome, await freePort());
    const refused = await ben!.run(['coordinator', 'move', `127.0.0.1:${impostor.port}`]);
    expect(lastEvent(refused)).toMatchObject({ code: 'pin_mismatch' });
    await impostor.process.stop();
    second = await startAgain(second.home, port);
    for (const agent of [ben!, chloe!]) await agent.must(['coordinator', 'move', `127.0.0.1:${port}`]);
    admin = await signedIn(second.url);
    await until('both are online again', async () => (await admin.get('/api/v1/overview', overview)).devices.online === 2);
    expect(JSON.parse(readFileSync(join(ben!.home, 'agent.json'), 'utf8'))).toMatchObject({ coordinatorUrl: `https://127.0.0.1:${port}` });
    expect(existsSync(join(ben!.home, 'state', 'bundles'))).toBe(true);
    await second.process.stop();
  });
});
