import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SignedStatement } from '#libs/contracts';
import { createTeam, peekStatement } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { runCommand } from './command.ts';

const dayMs = 86_400_000;

describe('holdfast-coordinator', () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-command-'));
  const broken = join(home, 'broken.yaml');
  let out: string[];
  let errors: string[];
  const anyPort = join(home, 'any-port.yaml');
  beforeAll(() => {
    writeFileSync(broken, 'listen:\n  prot: 1\n');
    writeFileSync(anyPort, 'public:\n  port: null\n');
  });
  beforeEach(() => {
    [out, errors] = [[], []];
    jest.spyOn(console, 'log').mockImplementation((text: string) => void out.push(text));
    jest.spyOn(console, 'error').mockImplementation((text: string) => void errors.push(text));
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0);
  });
  afterEach(() => void jest.restoreAllMocks());
  afterAll(() => rmSync(home, { recursive: true }));

  const run = (...args: string[]): Promise<number> =>
    runCommand(['node', 'holdfast-coordinator', '--env', 'test', '--home', home, '--config', anyPort, ...args]);

  it('explains itself', async () => {
    expect(await run('--help')).toBe(0);
    expect(out.join('')).toContain('login-link');
  });

  it.each([[['--colour']], [['dance']], [['serve', '--port', '99999']], [['--env', 'moon']]])(
    'answers wrong use %j with 2, and says what is wrong',
    async (args) => {
      expect(await run(...args)).toBe(2);
      expect(errors.join('')).toContain('error: ');
    },
  );

  it('says of an unknown command that it is unknown, and which there are', async () => {
    expect(await run('bogus')).toBe(2);
    expect(errors.join('')).toMatch(/error: unknown command "bogus"\. The commands are serve, login-link, restore, renew-certificate, /);
    errors.length = 0;
    expect(await run('serve', 'now')).toBe(2);
    expect(errors.join('')).toMatch(/error: "serve" takes no words, but options: "now" is none of them/);
  });

  it('names what is wrong with the configuration, with its code', async () => {
    expect(await run('--config', broken, 'serve')).toBe(1);
    expect(errors.join('\n')).toMatch(/prot[\s\S]*default\.yaml[\s\S]*\(config_invalid\)/);
  });

  it.each(['login-link', 'verify-audit-log'])('does not make up a coordinator for %s where there is none', async (command) => {
    const elsewhere = join(home, 'elsewhere');
    expect(await run('--home', elsewhere, command)).toBe(1);
    expect(errors.join('\n')).toMatch(/There is no coordinator in .*elsewhere[\s\S]*\(setup_needed\)/);
    expect([out, existsSync(elsewhere)]).toEqual([[], false]);
  });

  it('serves, is set up by its link, lets in by a login link, checks its audit log, and stops at SIGTERM', async () => {
    const serving = run('serve', '--json');
    while (!out.some((line) => line.includes('listening'))) await new Promise((resolve) => setImmediate(resolve));
    const { origin, setupLink } = JSON.parse(out.find((line) => line.includes('listening'))!) as { origin: string; setupLink: string };
    expect(await run('login-link')).toBe(1);
    expect(errors.join('\n')).toMatch(/There is no account yet[\s\S]*\(setup_needed\)/);
    const info = await call(origin, 'GET', '/setup');
    const aTeam = {
      ...{ name: 'T', passphrase: 'p', coordinatorKey: fromBase64Url(info.coordinatorKey!) },
      // A certificate of a year that is nearly over.
      ...{ nowMs: Date.now() - 360 * dayMs, cost: { memoryKiB: 8, passes: 1 } },
    };
    const { teamDocument, recoveryKit } = await createTeam(aTeam);
    const account = { email: 'owner@example.org', name: 'Owner', password: 'long enough password' };
    await call(origin, 'POST', '/setup', { token: setupLink.split('#')[1], account, teamDocument, kitConfirmed: true });

    out.length = 0;
    expect(await run('login-link', '--json')).toBe(0);
    const { url, email } = JSON.parse(out.at(-1)!) as { url: string; email: string };
    // The port is any free one: the command knows it from the running coordinator.
    expect([url.split('#')[0], email]).toEqual([`${origin}/sign-in`, 'owner@example.org']);
    expect(await call(origin, 'POST', '/session/ticket', { ticket: url.split('#')[1] })).toMatchObject({ user: { email } });
    expect(await run('login-link', '--email', 'nobody@example.org')).toBe(1);
    // A second one on the same folder is refused, whatever port it would take.
    expect(await run('serve', '--port', '0')).toBe(1);
    expect(errors.join('\n')).toMatch(/process \d+ \(coordinator\) is using this folder[\s\S]*\(busy\)/);
    const certificate = async () => {
      const { coordinator } = (await call(origin, 'GET', '/team')) as unknown as { coordinator: SignedStatement };
      return peekStatement('coordinator-certificate', coordinator) as { coordinatorKey: string; notAfterMs: number };
    };
    const before = await certificate();
    const [kit, otherKit, passphrase] = ['kit.json', 'other-kit.json', 'passphrase'].map((name) => join(home, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(kit, recoveryKit);
    writeFileSync(otherKit, (await createTeam(aTeam)).recoveryKit);
    writeFileSync(passphrase, 'p\n');
    const renew = (file: string) => run('renew-certificate', '--recovery-kit', file, '--passphrase-file', passphrase);
    expect(await renew(otherKit)).toBe(1);
    expect(errors.join('\n')).toMatch(/another team\nUse the kit of the team "T"\.\n\(other_team\)/);
    expect(await certificate()).toEqual(before);
    expect(await renew(kit)).toBe(0);
    expect(out.at(-1)).toMatch(/^The certificate is valid until \d{4}-\d\d-\d\d\. Devices notice nothing\.$/);
    // Of the same key, and of the coordinator that runs: it is not started anew.
    const after = await certificate();
    expect(after.coordinatorKey).toBe(before.coordinatorKey);
    expect(after.notAfterMs - before.notAfterMs).toBeGreaterThan(359 * dayMs);
    expect(await run('verify-audit-log')).toBe(0);
    expect(out.at(-1)).toMatch(/^The audit log holds: 4 entries/);

    process.emit('SIGTERM');
    expect(await serving).toBe(0);
    await expect(call(origin, 'GET', '/setup')).rejects.toThrow('ECONNREFUSED');
  });

  it('ends what a person sees with the address and the set-up link', async () => {
    const fresh = mkdtempSync(join(tmpdir(), 'holdfast-command-fresh-'));
    const serving = run('serve', '--home', fresh);
    while (!out.some((line) => line.includes('/setup#'))) await new Promise((resolve) => setImmediate(resolve));
    expect(out.join('\n')).toMatch(/^Holdfast coordinator: https:\S+\nCertificate SHA-256: \S+\n[^]*https:\/\/\S+\/setup#[\w-]+\n$/);
    process.emit('SIGTERM');
    expect(await serving).toBe(0);
    rmSync(fresh, { recursive: true });
  });

  it('says when its port is taken, and nothing else, before it touches the data folder', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const untouched = join(home, 'untouched');
    expect(await run('serve', '--home', untouched, '--port', String(port))).toBe(1);
    other.close();
    expect(out).toEqual([]);
    expect(errors).toEqual([
      expect.stringContaining(`Can't listen on 127.0.0.1:${port}`),
      expect.stringContaining('Choose another with --port'),
      '(address_in_use)',
    ]);
    expect(existsSync(untouched)).toBe(false);
  });
});

function call(origin: string, method: string, path: string, body?: unknown): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', connection: 'close' };
    const sending = request(`${origin}/api/v1${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(JSON.parse(text) as Record<string, string>));
    }).on('error', reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
