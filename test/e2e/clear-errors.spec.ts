import { beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { joinLink, pageOf, problem } from '#libs/contracts';
import { buildJoinLink, parseJoinLink } from '#libs/crypto';
import { compareTrees, currentPlatform } from '#libs/engine';
import type { CommandResult } from '../support/agent.ts';
import { Agent, lastEvent } from '../support/agent.ts';
import { newJoinLink } from '../support/coordinator.ts';
import { until } from '../support/processes.ts';
import { writeSample } from '../support/sample-folder.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

interface Failure {
  readonly event: string;
  readonly code: string;
  readonly message: string;
  readonly nextStep?: string;
  readonly exitCode: number;
}

/** What every failure owes to a script and to a person: a stable code, a sentence, what to do, the documented exit status. */
function expectFailure(result: CommandResult, code: string, exitCode: number): Failure {
  const failure = lastEvent<Failure>(result);
  expect(failure).toMatchObject({ event: 'error', code, exitCode });
  expect(result.exitCode).toBe(exitCode);
  expect(failure.message.length).toBeGreaterThan(10);
  expect(failure.nextStep?.length ?? 0).toBeGreaterThan(5);
  return failure;
}

/**
 * Without the right to pass over file permissions, which root has and people don't. Nothing where the tests run as an
 * ordinary user.
 */
const ordinaryRights = process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-dac_override,-dac_read_search'] : [];

describe('what goes wrong is said clearly', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  let ada: Agent;

  const newcomer = (name: string): Agent => new Agent(name, join(scene.folder, 'newcomers', name, 'home'));
  const joinWith = (name: string, link: string): Promise<CommandResult> => newcomer(name).run(['join', link, '--name', name]);
  const isEnrolled = (name: string): boolean => existsSync(join(newcomer(name).home, 'agent.json'));

  beforeAll(async () => {
    writeSample(currentPlatform(), documents, { smallFiles: 50, largeFileBytes: 1024 * 1024 });
    ada = await scene.team.join('ada', [documents]);
    await scene.team.join('ben');
    await ada.must(['backup', '--wait-protected']);
  });

  it('10: not enrolled', async () => {
    for (const command of [['status'], ['backup'], ['daemon']]) {
      const result = await newcomer('nobody').run(command);
      expect(result.exitCode).toBe(10);
      expect(result.output).toContain('not_enrolled');
    }
    expectFailure(await newcomer('nobody').run(['snapshots']), 'not_enrolled', 10);
  });

  it('1: join links that are used, unknown, of another coordinator, or no links at all; a refused one enrols nobody', async () => {
    const { admin } = scene.team.setup;
    const good = await newJoinLink(admin);
    const parts = parseJoinLink(good);
    const other = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);

    const mismatch = expectFailure(
      await joinWith('mallory', buildJoinLink({ ...parts, fingerprint: other(parts.fingerprint) })),
      'fingerprint_mismatch',
      1,
    );
    expect(mismatch.message).not.toContain(parts.secret);
    expectFailure(await joinWith('unknown', buildJoinLink({ ...parts, secret: other(parts.secret) })), 'join_link_unknown', 1);
    expectFailure(await joinWith('typo', good.slice(0, -20)), 'bad_join_link', 1);

    // None of these spent the link: it lets one in, and only one.
    expect((await joinWith('first', good)).exitCode).toBe(0);
    expectFailure(await joinWith('second', good), 'join_link_used', 1);
    const names = (await scene.team.devices()).map((device) => device.name);
    expect(names).toContain('first');
    for (const name of ['mallory', 'unknown', 'typo', 'second']) {
      expect(names).not.toContain(name);
      expect(isEnrolled(name)).toBe(false);
    }
    const links = await admin.get('/api/v1/join-links?pageSize=100', pageOf(joinLink));
    expect(links.items.filter((link) => link.state === 'open')).toEqual([]);
    expectFailure(await newcomer('first').run(['join', good]), 'already_enrolled', 1);
  });

  it('1: output that nobody takes: a dump that is not all there never ends well, a reader that went away is no failure', async () => {
    const outputTo = (shell: string): Agent => new Agent('ada', ada.home, { under: ['sh', '-c', `"$@" ${shell}`, 'sh'] });
    const dump = await outputTo('> /dev/full').run(['dump', join(documents, 'photos', 'holiday.raw')]);
    expect(dump.exitCode).toBe(1);
    expect(dump.output).toMatch(/could not be written: ENOSPC.*\(output_failed\)\n {2}Make room/);
    // A disk that gets full takes a part of what it is given, and only then nothing.
    const short = join(scene.folder, 'short');
    const limited = await new Agent('ada', ada.home, { under: ['sh', '-c', `ulimit -f 300; "$@" > '${short}'`, 'sh'] }).run([
      'dump',
      join(documents, 'photos', 'holiday.raw'),
    ]);
    expect(limited).toMatchObject({ exitCode: 1, output: expect.stringContaining('(output_failed)') });
    expect(statSync(short).size).toBeLessThan(statSync(join(documents, 'photos', 'holiday.raw')).size);
    // What is not asked for its output does its work all the same.
    const sequence = async () => (await scene.team.latestSnapshot('ada'))!.sequence;
    const before = await sequence();
    const backup = await outputTo('> /dev/full').run(['backup']);
    expect(backup).toMatchObject({ exitCode: 1, output: expect.stringMatching(/^holdfast: [^\n]*\(output_failed\)\n[^\n]*\n$/) });
    await until('the snapshot is there', async () => (await sequence()) > before);
    expect(await outputTo('| true').run(['--help'])).toMatchObject({ exitCode: 0, output: '' });
    expect(await outputTo('| true').run(['dump', documents])).toMatchObject({ exitCode: 0, output: '' });
    const unread = join(scene.folder, 'unread');
    await outputTo('| true').run(['restore', documents, '--to', unread]);
    expect(readdirSync(join(unread, documents))).toEqual(readdirSync(documents));
  });

  it('keeps the daemon at work when its log has no room', async () => {
    await ada.stop();
    const muted = new Agent('ada', ada.home, { under: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] });
    muted.startDaemon();
    const status = async () => lastEvent<{ daemon: { running: boolean } }>(await ada.run(['status'])).daemon.running;
    await until('it answers', status, 60_000);
    await ada.must(['backup']);
    await muted.stop();
    await ada.daemonReady();
  });

  it('12: the wrong passphrase for the recovery kit; nothing is written', async () => {
    const wrong = join(scene.folder, 'wrong-passphrase');
    const target = join(scene.folder, 'never');
    writeFileSync(wrong, 'incorrect horse battery staple\n');
    const { kit, passphrase } = scene.team.recovery;
    const restore = (...more: string[]) => ada.run(['restore', '--device', 'ben', '--to', target, ...more]);
    const adas = (...more: string[]) => ada.run(['restore', '--device', 'ada', '--to', target, ...more]);
    expectFailure(await adas('--recovery-kit', kit, '--passphrase-file', wrong), 'wrong_passphrase', 12);
    expectFailure(await adas('--passphrase-file', passphrase), 'wrong_key', 12);
    expectFailure(await adas('--recovery-kit', wrong, '--passphrase-file', passphrase), 'bad_kit', 1);
    expectFailure(await restore('--recovery-kit', kit, '--passphrase-file', passphrase), 'no_snapshot', 1);
    expectFailure(await adas('--recovery-kit', kit, '--passphrase-file', join(scene.folder, 'no such file')), 'passphrase_missing', 1);
    // Before anybody is asked for a passphrase, which could not be done here.
    const nobodys = await ada.run(['restore', '--device', 'nobody', '--recovery-kit', kit, '--to', target]);
    expectFailure(nobodys, 'device_not_found', 1);
    expectFailure(await adas('--recovery-kit', kit), 'passphrase_missing', 1);
    expect(existsSync(target)).toBe(false);
  });

  it('11: busy, while another process has the folder; 130: interrupted', async () => {
    const dan = await scene.team.enrol('dan', [join(documents, 'notes')]);
    // More replicas than the team has machines: this backup waits, with the lock of its folder.
    await scene.team.changeTeamPolicy((policy) => ({ ...policy, replicas: { target: 9, minimum: 9 } }));
    const waiting = dan.begin(['backup', '--wait-protected', '--timeout', '600']);
    await until('the first backup waits', async () => waiting.events().some((e) => e['phase'] === 'protect'));
    expectFailure(await dan.run(['backup']), 'busy', 11);
    waiting.process.kill('SIGINT');
    const stopped = await waiting.result;
    expect(stopped.exitCode).toBe(130);
    await scene.team.changeTeamPolicy((policy) => ({ ...policy, replicas: { target: 1, minimum: 1 } }));
    // What it captured before is there.
    expect((await dan.must(['snapshots'])).events.filter((e) => e['type'] === 'snapshot')).toHaveLength(1);
    const second = await ada.run(['daemon']);
    expect(second.exitCode).toBe(11);
    expect(second.output).toContain('busy');
  });

  it('3: files that can not be read are named; the others are in the snapshot', async () => {
    const closed = join(scene.folder, 'half-closed');
    mkdirSync(closed);
    writeFileSync(join(closed, 'open.txt'), 'everybody may read this');
    writeFileSync(join(closed, 'closed.txt'), 'nobody may read this');
    chmodSync(join(closed, 'closed.txt'), 0o000);
    const eve = await scene.team.enrol('eve', [], { under: ordinaryRights });
    const result = await eve.run(['backup', closed]);
    expect(lastEvent(result)).toMatchObject({ event: 'result', exitCode: 3, unreadable: 1, stats: { errors: 1 } });
    expect(result.exitCode).toBe(3);
    expect(result.events.filter((e) => e.event === 'notice')).toEqual([
      expect.objectContaining({ code: 'access_denied', path: join(closed, 'closed.txt') }),
    ]);
    const target = join(scene.folder, 'half-restored');
    await eve.run(['restore', join(closed, 'open.txt'), '--to', target]);
    expect(await compareTrees(join(closed, 'open.txt'), restoredPath(target, join(closed, 'open.txt')))).toEqual([]);
  });

  it('400: a malformed body is answered with the paths of what is wrong, and changes nothing', async () => {
    const { admin } = scene.team.setup;
    const before = await admin.get('/api/v1/join-links', pageOf(joinLink));
    const reply = await admin.exchange('POST', '/api/v1/join-links', { ttlMinutes: 'soon', uses: 0, colour: 'red' });
    expect(reply.status).toBe(400);
    const body = problem.parse(JSON.parse(reply.bytes.toString()));
    expect(body).toMatchObject({ status: 400, code: expect.any(String), title: expect.any(String) });
    expect(body.errors?.map((e) => e.path).sort()).toEqual(expect.arrayContaining(['ttlMinutes', 'uses']));
    expect(JSON.stringify(body.errors)).toContain('colour');
    expect((await admin.get('/api/v1/join-links', pageOf(joinLink))).total).toBe(before.total);

    const enrol = await admin.exchange('POST', '/api/v1/agent/enrol', { secret: 'short', name: 7 });
    expect(enrol.status).toBe(400);
    expect(problem.parse(JSON.parse(enrol.bytes.toString())).errors?.map((e) => e.path)).toEqual(
      expect.arrayContaining(['secret', 'name', 'peerId']),
    );
    const { status } = await admin.exchange('GET', '/api/v1/agent/jobs');
    expect(status).toBe(401);
  });

  it('an unreachable coordinator: the backup is captured all the same and reported when the coordinator is back', async () => {
    const { team } = scene;
    team.coordinator.process.kill('SIGKILL');
    await team.coordinator.process.ended;
    writeFileSync(join(documents, 'written-meanwhile.txt'), 'while nobody was looking');
    const backup = await ada.run(['backup']);
    expect(backup.exitCode).toBe(0);
    expect(lastEvent(backup)).toMatchObject({ state: 'captured', reported: false, stats: { newFiles: 1, errors: 0 } });
    const { sequence } = lastEvent<{ sequence: number }>(backup);
    // Whoever is not in the team yet can't do without it.
    expectFailure(await joinWith('late', await lastLink()), 'coordinator_unreachable', 1);
    const target = join(scene.folder, 'alone');
    expect((await ada.run(['restore', '--to', target])).exitCode).toBe(0);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);

    await team.restartCoordinator();
    await until(
      'the backup reported and protected',
      async () => {
        const latest = await team.latestSnapshot('ada');
        return latest?.sequence === sequence && latest.packsBelowMinimum === 0;
      },
      150_000,
    );
    await team.setup.admin.get('/api/v1/overview', z.unknown());
  });

  /** A well-formed link to this coordinator, made while it lives or not. */
  async function lastLink(): Promise<string> {
    return buildJoinLink({ host: '127.0.0.1', port: scene.team.coordinator.port, secret: 'x'.repeat(32), fingerprint: 'A'.repeat(43) });
  }
});
