import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  checkJoinFingerprint,
  newSigningKeyPair,
  openStatement,
  openTeamDocument,
  parseJoinLink,
  peerIdFromSigningKey,
  sign,
} from '#libs/crypto';
import { systemRandom, toBase64Url, utf8 } from '#libs/kernel';
import { ServerFacts } from '../http/server-facts.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { enrolBody, foundTeam } from '../testing/test-team.ts';

describe('join links and enrolment', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
  });
  afterAll(() => coordinator.close());

  const secretOf = ({ url }: { url: string }): string => parseJoinLink(url).secret;
  const enrol = (body: unknown) => coordinator.anyone.post('/agent/enrol', body);
  const stateOf = async (joinLinkId: string): Promise<Record<string, unknown>> => {
    const { body } = await (await team.people('auditor')).get('/join-links?pageSize=500');
    return body.items.find((link: { joinLinkId: string }) => link.joinLinkId === joinLinkId);
  };

  it('gives a device everything it needs to trust the team', async () => {
    const link = await team.joinLink({ site: 'Berlin', class: 'anchor' });
    const { fingerprint, secret } = parseJoinLink(link.url);
    const answer = await enrol(enrolBody('ada', secret).body);
    expect(answer.status).toBe(201);
    const opened = openTeamDocument(answer.body.teamDocument, coordinator.clock.nowMs());
    expect(() => checkJoinFingerprint(fingerprint, coordinator.get(ServerFacts).tls.derSha256, opened.rootKey)).not.toThrow();
    const roster = openStatement('roster', answer.body.roster, opened.coordinatorKey) as { members: Record<string, unknown>[] };
    expect(roster.members).toContainEqual(
      expect.objectContaining({ deviceId: answer.body.deviceId, name: 'ada', site: 'Berlin', class: 'anchor', state: 'active' }),
    );
    expect(roster.members).toContainEqual(expect.objectContaining({ class: 'coordinator' }));
  });

  it('shows the secret once and never again', async () => {
    const link = await team.joinLink();
    const { text } = await (await team.people('owner')).get('/join-links');
    expect(text).toContain(link.joinLinkId);
    expect(text).not.toContain(secretOf(link));
    expect((await (await team.people('owner')).get('/audit-log?pageSize=500')).text).not.toContain(secretOf(link));
  });

  it('refuses a used, an expired, a withdrawn and an unknown link, each by its code', async () => {
    const used = await team.joinLink();
    expect((await enrol(enrolBody('one', secretOf(used)).body)).status).toBe(201);
    const expired = await team.joinLink({ ttlMinutes: 1 });
    await coordinator.clock.advance(60_000);
    const revoked = await team.joinLink();
    const admin = await team.people('admin');
    expect((await admin.delete(`/join-links/${revoked.joinLinkId}`)).status).toBe(204);
    expect((await admin.delete(`/join-links/${revoked.joinLinkId}`)).status).toBe(204);
    const unknown = 'A'.repeat(32);
    for (const [secret, status, code] of [
      [secretOf(used), 410, 'join_link_used'],
      [secretOf(expired), 410, 'join_link_expired'],
      [secretOf(revoked), 410, 'join_link_revoked'],
      [unknown, 404, 'join_link_unknown'],
    ] as const) {
      expect(await enrol(enrolBody('late', secret).body)).toMatchObject({ status, body: { code, nextStep: expect.any(String) } });
    }
    expect(await Promise.all([used, expired, revoked].map(async (link) => (await stateOf(link.joinLinkId))['state']))).toEqual([
      'used',
      'expired',
      'revoked',
    ]);
  });

  it('lets exactly as many in as a link has uses, also at the same moment', async () => {
    const link = await team.joinLink({ uses: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => enrol(enrolBody(`d${n}`, secretOf(link)).body)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 201, 410, 410]);
    expect(await stateOf(link.joinLinkId)).toMatchObject({ uses: 3, usesLeft: 0, state: 'used' });
  });

  it('answers a device that asks again the same, without another use', async () => {
    const link = await team.joinLink({ uses: 2 });
    const { body } = enrolBody('lost answer', secretOf(link));
    const [first, second] = [await enrol(body), await enrol(body)];
    expect(second.status).toBe(201);
    expect(second.body.deviceId).toBe(first.body.deviceId);
    expect(await stateOf(link.joinLinkId)).toMatchObject({ usesLeft: 1 });
  });

  it('refuses a device that is a member already, by another link, and leaves that link open', async () => {
    const ada = await team.enrol('again');
    const link = await team.joinLink();
    expect(await enrol(enrolBody('again', secretOf(link), ada.signing).body)).toMatchObject({
      status: 409,
      body: { code: 'device_already_enrolled' },
    });
    expect(await stateOf(link.joinLinkId)).toMatchObject({ usesLeft: 1, state: 'open' });
  });

  it('refuses whoever does not show the key of the peer id, and leaves the link open', async () => {
    const link = await team.joinLink();
    const secret = secretOf(link);
    const { body } = enrolBody('mallory', secret);
    const stranger = newSigningKeyPair(systemRandom);
    for (const change of [
      { peerId: peerIdFromSigningKey(stranger.publicKey) },
      { proof: toBase64Url(sign('enrol', utf8(secret), stranger.secretKey)) },
      { proof: enrolBody('x', 'another secret 1234').body['proof'] },
    ]) {
      expect(await enrol({ ...body, ...change })).toMatchObject({ status: 401, body: { code: 'device_proof_wrong' } });
    }
    expect(await enrol({ ...body, signingKey: 'short' })).toMatchObject({ status: 400 });
    expect(await stateOf(link.joinLinkId)).toMatchObject({ usesLeft: 1 });
  });

  it('never lets a revoked device in again', async () => {
    const eve = await team.enrol('eve');
    expect((await (await team.people('admin')).post(`/devices/${eve.deviceId}/revoke`)).status).toBe(204);
    const link = await team.joinLink();
    expect(await enrol(enrolBody('eve', secretOf(link), eve.signing).body)).toMatchObject({
      status: 403,
      body: { code: 'device_revoked' },
    });
    expect(await stateOf(link.joinLinkId)).toMatchObject({ state: 'open' });
  });

  it('pages its links, newest first', async () => {
    const admin = await team.people('admin');
    await coordinator.clock.advance(1000);
    const newest = await team.joinLink({ site: 'newest' });
    const { body } = await admin.get('/join-links?page=1&pageSize=2');
    expect(body).toMatchObject({ page: 1, pageSize: 2 });
    expect(body.items[0].joinLinkId).toBe(newest.joinLinkId);
    expect(body.items).toHaveLength(2);
    expect(body.total).toBeGreaterThan(5);
    expect((await admin.get('/join-links?pageSize=100000')).status).toBe(400);
    expect(await admin.delete('/join-links/7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e')).toMatchObject({
      status: 404,
      body: { code: 'join_link_not_found' },
    });
  });
});
