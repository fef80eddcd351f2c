import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SetupRequest } from '#libs/contracts';
import { createTeam, newSigningKeyPair, signStatement } from '#libs/crypto';
import { fromBase64Url, systemRandom } from '#libs/kernel';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { foundTeam, teamOf } from '../testing/test-team.ts';
import { SetupService } from './setup.service.ts';

describe('setup', () => {
  let coordinator: TestCoordinator;
  let good: SetupRequest;
  const year = 366 * 86_400_000;

  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    const key = fromBase64Url(coordinator.get(CoordinatorIdentity).publicKey);
    const { teamDocument } = await makeTeam(key, coordinator.clock.nowMs());
    const token = (await coordinator.get(SetupService).link('https://h'))!.split('#')[1]!;
    good = {
      token,
      account: { email: 'Owner@Example.org', name: 'Owner', password: 'long enough password' },
      teamDocument,
      kitConfirmed: true,
    };
  });
  afterAll(() => coordinator.close());

  const makeTeam = (coordinatorKey: Uint8Array, nowMs: number) =>
    createTeam({ name: 'T', passphrase: 'kit', coordinatorKey, nowMs, cost: { memoryKiB: 8, passes: 1 } });

  it('says that it is needed and which key to certify', async () => {
    expect((await coordinator.anyone.get('/setup')).body).toEqual({
      needed: true,
      coordinatorKey: coordinator.get(CoordinatorIdentity).publicKey,
    });
  });

  it('serves nothing else of the team before', async () => {
    expect(await coordinator.anyone.post('/session', { email: 'a@b.c', password: 'x' })).toMatchObject({ status: 401 });
  });

  it.each<[string, () => Promise<Partial<SetupRequest>> | Partial<SetupRequest>, number, string]>([
    ['a wrong token', () => ({ token: 'A'.repeat(43) }), 403, 'setup_token_wrong'],
    ['a short password', () => ({ account: { ...good.account, password: 'short' } }), 400, 'request_invalid'],
    ['no email address', () => ({ account: { ...good.account, email: 'nobody' } }), 400, 'request_invalid'],
    ['an unconfirmed kit', () => ({ kitConfirmed: false as true }), 400, 'request_invalid'],
    [
      'a certificate for another key',
      async () => ({ teamDocument: (await makeTeam(newSigningKeyPair(systemRandom).publicKey, coordinator.clock.nowMs())).teamDocument }),
      422,
      'team_document_invalid',
    ],
    [
      'an expired certificate',
      async () => ({
        teamDocument: (await makeTeam(fromBase64Url(coordinator.get(CoordinatorIdentity).publicKey), coordinator.clock.nowMs() - 2 * year))
          .teamDocument,
      }),
      422,
      'team_document_invalid',
    ],
    [
      'a certificate by another root',
      async () => {
        const other = await makeTeam(fromBase64Url(coordinator.get(CoordinatorIdentity).publicKey), coordinator.clock.nowMs());
        return { teamDocument: { team: good.teamDocument.team, coordinator: other.teamDocument.coordinator } };
      },
      422,
      'team_document_invalid',
    ],
    [
      'a team statement that its own root did not sign',
      () => {
        const body: unknown = JSON.parse(Buffer.from(good.teamDocument.team.payload, 'base64url').toString());
        return { teamDocument: { ...good.teamDocument, team: signStatement('team', body, newSigningKeyPair(systemRandom).secretKey) } };
      },
      422,
      'team_document_invalid',
    ],
  ])('refuses %s and stays open', async (_, change, status, code) => {
    expect(await coordinator.anyone.post('/setup', { ...good, ...(await change()) })).toMatchObject({ status, body: { code } });
    expect((await coordinator.anyone.get('/setup')).body.needed).toBe(true);
  });

  it('founds the team once, even when two try at the same time, and signs the owner in', async () => {
    const answers = await Promise.all([coordinator.anyone.post('/setup', good), coordinator.anyone.post('/setup', good)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const won = answers.find(({ status }) => status === 201)!;
    expect(won.body).toMatchObject({ user: { email: 'owner@example.org', role: 'owner' }, team: { name: 'T' } });
    const cookie = String(won.headers['set-cookie']).split(';')[0]!;
    expect((await coordinator.anyone.with({ cookie }).get('/session')).body.csrfToken).toBe(won.body.csrfToken);
    expect((await coordinator.anyone.with({ cookie }).get('/team')).body).toEqual(good.teamDocument);
    expect((await coordinator.anyone.get('/setup')).body).toEqual({ needed: false });
    expect(await coordinator.get(SetupService).link('https://h')).toBeUndefined();
  });

  it('is done after a restart too, with everything kept', async () => {
    let other = await startTestCoordinator();
    try {
      const team = await foundTeam(other);
      await team.enrol('ada');
      const peerId = other.get(CoordinatorIdentity).peerId;
      other = await other.restart();
      const again = teamOf(other, team.keys, team.owner);
      expect((await other.anyone.get('/setup')).body).toEqual({ needed: false });
      expect(other.get(CoordinatorIdentity).peerId).toBe(peerId);
      const signedIn = await other.anyone.post('/session', team.owner);
      expect(signedIn.status).toBe(201);
      expect((await (await again.people('owner')).get('/audit-log/verification')).body).toMatchObject({ brokenAt: null });
    } finally {
      await other.close();
    }
  });
});
