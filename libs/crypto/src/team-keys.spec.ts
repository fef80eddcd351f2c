import { beforeAll, describe, expect, it } from '@jest/globals';
import type { TeamDocument } from '#libs/contracts';
import { teamDocument as teamDocumentSchema } from '#libs/contracts';
import { fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { SigningKeyPair, TeamKeys } from './index.ts';
import {
  certificateClockSkewMs,
  coordinatorCertificateLifetimeMs,
  createTeam,
  cryptoReady,
  newSigningKeyPair,
  openRecoveryKit,
  openTeamDocument,
  renewCoordinatorCertificate,
  signStatement,
  signTeam,
  wipeTeamKeys,
} from './index.ts';

const cost = { memoryKiB: 8, passes: 1 };
const random = seededRandom(77);
const nowMs = Date.UTC(2026, 10, 22);
let coordinator: SigningKeyPair;
let keys: TeamKeys;
let document: TeamDocument;
let kit: string;
const make = (name: string): ReturnType<typeof createTeam> =>
  createTeam({ name, passphrase: 'pass', coordinatorKey: coordinator.publicKey, nowMs, random, cost });
beforeAll(async () => {
  await cryptoReady();
  coordinator = newSigningKeyPair(random);
  ({ keys, teamDocument: document, recoveryKit: kit } = await make('Workshop'));
});
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a team', () => {
  it('has a document that fits the contract and that its own root opens', () => {
    expect(teamDocumentSchema.parse(document)).toEqual(document);
    expect(openTeamDocument(document, nowMs, keys.root.publicKey)).toEqual({
      teamId: keys.teamId,
      name: 'Workshop',
      createdAtMs: nowMs,
      rootKey: keys.root.publicKey,
      recoveryKey: keys.recovery.publicKey,
      coordinatorKey: coordinator.publicKey,
      certificateNotAfterMs: nowMs + coordinatorCertificateLifetimeMs,
    });
    expect(openTeamDocument(document, nowMs).rootKey).toEqual(keys.root.publicKey);
  });

  it('can be made again from its kit, byte for byte, with a new coordinator key', async () => {
    const opened = await openRecoveryKit(kit, 'pass');
    expect(signTeam(opened)).toEqual(document.team);
    const next = newSigningKeyPair(random);
    const later = nowMs + 3 * coordinatorCertificateLifetimeMs;
    const renewed = { team: document.team, coordinator: renewCoordinatorCertificate(opened, next.publicKey, later) };
    expect(openTeamDocument(renewed, later, keys.root.publicKey).coordinatorKey).toEqual(next.publicKey);
  });

  it('has a coordinator certificate that ends, and that forgives a clock a few minutes off', () => {
    const end = nowMs + coordinatorCertificateLifetimeMs;
    for (const at of [nowMs - 2 * certificateClockSkewMs, nowMs, end]) expect(openTeamDocument(document, at).name).toBe('Workshop');
    for (const at of [nowMs - 2 * certificateClockSkewMs - 1, end + 1])
      expect(() => openTeamDocument(document, at)).toThrow(code('certificate_expired'));
  });

  it('is not opened under another root, nor with parts of another team', async () => {
    const other = await make('Workshop');
    expect(() => openTeamDocument(document, nowMs, other.keys.root.publicKey)).toThrow(code('bad_signature'));
    expect(() => openTeamDocument({ ...document, coordinator: other.teamDocument.coordinator }, nowMs)).toThrow(code('bad_signature'));
    // The coordinator's own key, or the right root for another team, certifies nothing here.
    const self = { ...keys, root: coordinator };
    expect(() =>
      openTeamDocument({ ...document, coordinator: renewCoordinatorCertificate(self, coordinator.publicKey, nowMs) }, nowMs),
    ).toThrow(code('bad_signature'));
    const elsewhere = { ...keys, teamId: other.keys.teamId };
    expect(() =>
      openTeamDocument({ ...document, coordinator: renewCoordinatorCertificate(elsewhere, coordinator.publicKey, nowMs) }, nowMs),
    ).toThrow(code('bad_statement'));
  });

  it('is not opened when anything in its statements was changed', () => {
    for (const part of ['team', 'coordinator'] as const) {
      const body = JSON.parse(new TextDecoder().decode(fromBase64Url(document[part].payload))) as Record<string, unknown>;
      for (const key of Object.keys(body)) {
        // The root key stays: with another one it would be another team, which the fingerprint tells.
        if (key === 'rootKey') continue;
        const value = body[key];
        const changed =
          key === 'teamId'
            ? '0b8f2f3c-5d3e-4c51-9a39-3a1f0f3f9a11'
            : key.endsWith('Key')
              ? toBase64Url(random.bytes(32))
              : typeof value === 'number'
                ? value + 1
                : 'Workshop 2';
        const payload = toBase64Url(utf8(JSON.stringify({ ...body, [key]: changed })));
        expect(() => openTeamDocument({ ...document, [part]: { ...document[part], payload } }, nowMs)).toThrow(code('bad_signature'));
      }
    }
  });

  it('does not take one of its statements for the other', () => {
    expect(() => openTeamDocument({ team: document.coordinator, coordinator: document.team }, nowMs)).toThrow(code('bad_statement'));
    expect(() => openTeamDocument({ ...document, coordinator: { ...document.team, type: 'coordinator-certificate' } }, nowMs)).toThrow(
      code('bad_signature'),
    );
  });

  it.each<[string, unknown]>([
    ['no fields', {}],
    ['a root key of another size', { rootKey: 'AA' }],
    ['an unknown field', { extra: true }],
    ['null', null],
  ])('refuses a team statement with %s, though well signed', (_, change) => {
    const body = {
      teamId: keys.teamId,
      name: 'W',
      rootKey: toBase64Url(keys.root.publicKey),
      recoveryKey: toBase64Url(keys.recovery.publicKey),
      createdAtMs: nowMs,
    };
    const forged = change === null || Object.keys(change as object).length === 0 ? change : { ...body, ...(change as object) };
    expect(() => openTeamDocument({ ...document, team: signStatement('team', forged, keys.root.secretKey) }, nowMs)).toThrow(
      code('bad_statement'),
    );
  });

  it('needs a name', async () => {
    for (const name of ['', 'x'.repeat(101)]) await expect(make(name)).rejects.toMatchObject({ code: 'bad_statement' });
  });

  it('forgets its secrets when told to', async () => {
    const { keys: forgotten } = await make('Short-lived');
    wipeTeamKeys(forgotten);
    expect(forgotten.root.secretKey.every((b) => b === 0) && forgotten.recovery.secretKey.every((b) => b === 0)).toBe(true);
  });
});
