import { beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithMounts, hangingMounts } from '../../libs/engine/src/testing/hanging-mounts.ts';
import { Agent, lastEvent, type RunningCommand } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { teamForTests } from '../support/team-for-tests.ts';

describeWithMounts('a mount that hangs', () => {
  const scene = teamForTests({ replicas: 1 });
  const mounted = hangingMounts();
  const documents = join(scene.folder, 'documents');
  const remote = join(documents, 'remote');
  let ada: Agent;
  /** The same machine, more patient than any test. */
  let patient: Agent;

  beforeAll(async () => {
    mkdirSync(remote, { recursive: true });
    writeFileSync(join(documents, 'letter.txt'), 'dear team');
    const { home, name } = await scene.team.enrol('ada', [documents]);
    ada = new Agent(name, home, { env: { HOLDFAST_SILENT_SECONDS: '4' } });
    patient = new Agent(name, home, { env: { HOLDFAST_SILENT_SECONDS: '3600' } });
  });
  const notices = async ({ result }: Pick<RunningCommand, 'result'>) =>
    (await result).events.filter(({ event }) => event === 'notice').map(({ code, path }) => [code, path]);
  const status = async (agent: Agent) => (lastEvent(await agent.must(['status']))['running'] as object | null) ?? undefined;
  // Each look is a process of its own.
  const running = (agent: Agent) => until('a backup that runs', () => status(agent), 60_000, 1_000);

  // Both ways that a command can go: in the process of the command line, and in the daemon.
  it.each([['without', false] as const, ['with', true] as const])(
    'costs a backup some seconds and a note, %s a daemon',
    async (_with, daemon) => {
      await mounted(remote, 'nothing');
      if (daemon) await ada.daemonReady();
      try {
        const backup = ada.begin(['backup']);
        expect(await notices(backup)).toEqual([['not_answering', remote]]);
        expect(lastEvent(await backup.result)).toMatchObject({ exitCode: 3, partial: true, stats: { files: 1, errors: 1 } });
        // Named itself, all that there is to take hangs.
        expect(lastEvent(await ada.run(['backup', join(remote, 'below')]))).toMatchObject({
          code: 'not_answering',
          temporary: true,
          exitCode: 1,
        });
      } finally {
        if (daemon) await ada.stop();
      }
    },
  );

  it('keeps neither status nor Ctrl-C nor the end of the daemon waiting', async () => {
    await mounted(remote, 'nothing');
    await patient.daemonReady();
    const first = patient.begin(['backup']);
    await running(patient);
    first.process.kill('SIGINT');
    expect((await first.result).exitCode).toBe(130);
    const second = patient.begin(['backup']);
    await running(patient);
    await patient.stop();
    expect((await second.result).exitCode).not.toBe(0);
  });

  it('does not keep a command without a daemon from ending', async () => {
    await mounted(remote, 'nothing');
    const backup = patient.begin(['backup']);
    await until('progress', () => Promise.resolve(backup.events().some(({ event }) => event === 'progress')));
    backup.process.kill('SIGINT');
    expect((await backup.result).exitCode).toBe(130);
  });

  it('is told of when it is added and by doctor, and so is one that may not be listed', async () => {
    const closed = join(scene.folder, 'closed');
    mkdirSync(closed);
    await mounted(remote, 'nothing');
    await mounted(closed, 'closed');
    expect(await notices(ada.begin(['folders', 'add', remote, closed]))).toEqual([['not_answering', remote]]);
    const { events } = await ada.run(['doctor']);
    await ada.must(['folders', 'remove', remote, closed]);
    const findings = events.filter(({ type }) => type === 'finding').map(({ code, message }) => [code, message]);
    expect(findings).toContainEqual(['not_answering', expect.stringContaining(remote)]);
    expect(findings).toContainEqual(['folder_unreadable', expect.stringContaining(closed)]);
  });

  it('is named by a dry run', async () => {
    await mounted(remote, 'nothing');
    const dry = await ada.run(['backup', '--dry-run', remote]);
    expect(dry.events.find(({ event }) => event === 'notice')).toMatchObject({ code: 'not_answering', path: remote });
  });
});
