import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../accounts/accounts.service.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';

describe('sign-in', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  beforeAll(async () => {
    coordinator = await startTestCoordinator({ config: { signIn: { failuresPerAccount: 3, failuresPerAddress: 6 } } });
    team = await foundTeam(coordinator);
  });
  afterAll(() => coordinator.close());
  // Failures of one test are out of the window of the next.
  beforeEach(() => coordinator.clock.advance(16 * 60_000));

  const attempt = (email: string, password = 'wrong wrong wrong') => coordinator.anyone.post('/session', { email, password });
  const signedIn = async (): Promise<TestClient> => {
    const answer = await coordinator.anyone.post('/session', team.owner);
    return coordinator.anyone.with({
      cookie: String(answer.headers['set-cookie']).split(';')[0]!,
      'x-holdfast-csrf': answer.body.csrfToken,
    });
  };

  it('opens a session with a cookie that scripts and other sites can’t use', async () => {
    const answer = await coordinator.anyone.post('/session', { ...team.owner, email: ' OWNER@example.org' });
    expect(answer.status).toBe(201);
    const cookie = String(answer.headers['set-cookie']);
    for (const part of ['__Host-holdfast=', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('Domain');
    expect(answer.text).not.toContain(cookie.split('=')[1]!.split(';')[0]);
  });

  it('tells a wrong password and an unknown address alike', async () => {
    const [wrong, unknown] = [await attempt(team.owner.email), await attempt('nobody@example.org')];
    for (const answer of [wrong, unknown]) expect(answer).toMatchObject({ status: 401, body: { code: 'sign_in_failed' } });
    expect(wrong.body.title).toBe(unknown.body.title);
  });

  it('stops guessing at one account, says how long, and lets it be after that', async () => {
    for (let n = 0; n < 3; n += 1) expect((await attempt(team.owner.email)).status).toBe(401);
    const stopped = await coordinator.anyone.post('/session', team.owner);
    expect(stopped).toMatchObject({ status: 429, body: { code: 'sign_in_rate_limited', nextStep: 'Try again in 15 minutes.' } });
    expect(stopped.headers['retry-after']).toBe('900');
    await coordinator.clock.advance(15 * 60_000);
    expect((await coordinator.anyone.post('/session', team.owner)).status).toBe(201);
  });

  it('stops guessing over many accounts from one address', async () => {
    for (let n = 0; n < 6; n += 1) expect((await attempt(`guess${n}@example.org`)).status).toBe(401);
    expect(await attempt('guess7@example.org')).toMatchObject({ status: 429, body: { code: 'sign_in_rate_limited' } });
  });

  it('counts guesses that run at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => attempt(team.owner.email)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([401, 401, 401, 429, 429, 429]);
  });

  it('ends a session that is idle', async () => {
    const client = await signedIn();
    for (let n = 0; n < 3; n += 1) {
      await coordinator.clock.advance(50 * 60_000);
      expect((await client.get('/session')).status).toBe(200);
    }
    await coordinator.clock.advance(60 * 60_000);
    expect(await client.get('/session')).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
  });

  it('ends a session at its absolute limit however busy it is', async () => {
    const client = await signedIn();
    for (let n = 0; n < 15; n += 1) {
      await coordinator.clock.advance(48 * 60_000 - 1);
      expect((await client.get('/session')).status).toBe(200);
    }
    await coordinator.clock.advance(15);
    expect((await client.get('/session')).status).toBe(401);
  });

  it('signs out this session only', async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    const answer = await one.delete('/session');
    expect(answer.status).toBe(204);
    expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
    expect((await one.get('/session')).status).toBe(401);
    expect((await two.get('/session')).status).toBe(200);
  });

  it('refuses a change without the session’s CSRF token', async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    for (const header of ['', 'wrong', two.headers['x-holdfast-csrf']!]) {
      expect(await one.with({ 'x-holdfast-csrf': header }).post('/join-links', {})).toMatchObject({
        status: 403,
        body: { code: 'csrf_token_missing' },
      });
    }
    expect((await one.post('/join-links', {})).status).toBe(201);
  });

  it('takes a ticket once and in time', async () => {
    const sessions = coordinator.get(SessionsService);
    const { userId } = (await coordinator.get(AccountsService).firstOwner())!;
    const { ticket } = await sessions.createTicket(userId);
    const answers = await Promise.all([1, 2].map(() => coordinator.anyone.post('/session/ticket', { ticket })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401]);
    expect(await coordinator.anyone.post('/session/ticket', { ticket })).toMatchObject({ status: 401, body: { code: 'ticket_invalid' } });
    const late = await sessions.createTicket(userId);
    await coordinator.clock.advance(600_000);
    expect((await coordinator.anyone.post('/session/ticket', { ticket: late.ticket })).status).toBe(401);
    expect((await coordinator.anyone.post('/session/ticket', { ticket: 'unknown' })).status).toBe(401);
  });

  it('refuses cookies that are no session', async () => {
    for (const cookie of ['__Host-holdfast=', '__Host-holdfast=x', `__Host-holdfast=${'A'.repeat(43)}`, 'holdfast=x']) {
      expect((await coordinator.anyone.with({ cookie }).get('/session')).status).toBe(401);
    }
  });

  it('writes good and bad sign-ins into the audit log, never a password', async () => {
    await attempt('someone@example.org', 'my secret password');
    const log = await (await team.people('owner')).get('/audit-log?search=someone');
    expect(log.body.items[0]).toMatchObject({ actor: 'someone@example.org', action: 'session.refuse' });
    expect(log.text).not.toContain('my secret password');
  });
});
