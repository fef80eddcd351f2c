import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BundleContent, BundleView, BundleWish, DeviceSummary, Page, RebuildView, Roster, SignedStatement } from '#libs/contracts';
import { bundleView, policyDocument, rebuildView } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { bundleDigestOf, openBundle, peekStatement, sealBundle, sealRecoveryKit, sign } from '#libs/crypto';
import { systemRandom, toBase64Url, utf8 } from '#libs/kernel';
import { restoreCoordinator } from '../cli/restore.ts';
import { Database } from '../database/database.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { DeviceTokensService } from '../device-tokens/device-tokens.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { createCoordinator } from '../server.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestDevice, TestTeam } from '../testing/test-team.ts';
import { aHeartbeat, foundTeam, teamOf } from '../testing/test-team.ts';
import { unpackContent } from './bundle-content.ts';
import { BUNDLE_SWEEP } from './bundle-sweep.service.ts';

const HOUR_MS = 3_600_000;

describe('what a coordinator leaves for a new one', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let devices: TestDevice[];
  let kept: Map<TestDevice, SignedStatement>;

  beforeEach(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    devices = [];
    for (const name of ['ada', 'ben', 'chloe', 'dan']) devices.push(await team.enrol(name));
    kept = new Map();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await coordinator.close();
  });

  const sweep = async (): Promise<void> => expect(await coordinator.get(SchedulesService).runNow(BUNDLE_SWEEP)).toBe('done');
  const beat = async (device: TestDevice): Promise<BundleWish> => {
    const own = kept.get(device);
    const body = { ...aHeartbeat(coordinator), bundle: own ? bundleDigestOf(own) : null };
    return expectStatus(await device.fresh().post<{ bundle: BundleWish }>('/agent/heartbeat', body), 200).bundle;
  };
  /** As agents do: say what is kept, fetch what is asked for, say so. */
  const round = async (some = devices): Promise<void> => {
    for (const device of some) await beat(device);
    await sweep();
    for (const device of some) {
      if ((await beat(device)).keep === null) continue;
      kept.set(device, expectStatus(await device.fresh().get<SignedStatement>('/agent/bundle'), 200));
      await beat(device);
    }
    await sweep();
  };
  const view = async (): Promise<BundleView> => bundleView.parse(expectStatus(await (await team.people('auditor')).get('/bundle'), 200));
  const contentOf = (statement: SignedStatement, keys = team.keys): BundleContent => unpackContent(openBundle(statement, keys).content);

  it('is made, left with the devices, and shown', async () => {
    await round();
    const shown = await view();
    expect(shown).toMatchObject({ level: 'ok', needed: 3, safeSinceMs: coordinator.clock.nowMs(), madeAtMs: coordinator.clock.nowMs() });
    expect(shown.keepers.map((keeper) => keeper.deviceName).sort()).toEqual(['ada', 'ben', 'chloe', 'dan']);
    const metrics = (await coordinator.anyone.get('//metrics')).text;
    expect(metrics).toContain('holdfast_bundle_keepers 4');
    expect(metrics).toContain(`holdfast_bundle_safe_timestamp_seconds ${coordinator.clock.nowMs() / 1000}`);
  });

  it('has all that agents can’t tell again, and none of it can be read without the recovery kit', async () => {
    await coordinator.get(SchedulesService).runNow(BUNDLE_SWEEP);
    const statement = expectStatus(await (await team.people('admin')).get<SignedStatement>('/bundle/file'), 200);
    const content = contentOf(statement);
    expect(content.devices.map((device) => device.name).sort()).toEqual(['ada', 'ben', 'chloe', 'coordinator', 'dan']);
    expect(content.accounts.find((account) => account.email === team.owner.email)).toMatchObject({
      role: 'owner',
      passwordHash: expect.stringMatching(/^\$argon2id/),
    });
    expect(content.coordinator.keySeed).toBe(toBase64Url(coordinator.get(CoordinatorIdentity).seed));
    expect(content.coordinator.tls).toMatch(/PRIVATE KEY[\s\S]*CERTIFICATE/);
    const visible = Buffer.from(statement.payload, 'base64url').toString();
    const sealed = Buffer.from((JSON.parse(visible) as { sealed: string }).sealed, 'base64url');
    for (const secret of [team.owner.email, content.coordinator.keySeed, 'PRIVATE KEY', 'password']) {
      expect(visible).not.toContain(secret);
      expect(sealed.includes(secret)).toBe(false);
    }
    // Three letters are somewhere in some thousand random ones every now and then: as a name they stand in quotation marks.
    expect(visible).not.toContain('"ada"');
    expect((await (await team.people('restore-operator')).get('/bundle/file')).status).toBe(403);
    expect((await coordinator.anyone.get('/agent/bundle')).status).toBe(401);
  });

  it('is made again after a change of members, people or policies, and after a day; not when a device only moved', async () => {
    await team.people('auditor');
    await round();
    const first = (await view()).madeAtMs!;
    const isNew = async (): Promise<boolean> => {
      await coordinator.clock.advance(60_000);
      const before = (await view()).madeAtMs;
      await sweep();
      return (await view()).madeAtMs !== before;
    };
    await devices[0]!.beat({ addresses: ['/ip4/10.9.9.9/tcp/4001'], agentVersion: '9.9.9' });
    expect(await isNew()).toBe(false);
    const body = { email: 'new@example.org', name: 'New', role: 'auditor', password: 'a long enough password' };
    expectStatus(await (await team.people('owner')).post('/accounts', body), 201);
    expect(await isNew()).toBe(true);
    const admin = await team.people('admin');
    const { team: policy } = policyDocument.parse(expectStatus(await admin.get('/policies/team'), 200));
    expectStatus(await admin.put('/policies/team', { ...policy, excludes: ['*.iso'] }), 200);
    expect(await isNew()).toBe(true);
    expectStatus(await admin.post(`/devices/${devices[3]!.deviceId}/revoke`), 204);
    expect(await isNew()).toBe(true);
    expect(await isNew()).toBe(false);
    await coordinator.clock.advance(24 * HOUR_MS);
    expect(await isNew()).toBe(true);
    expect((await view()).madeAtMs).toBeGreaterThan(first);
  });

  it('that too few devices keep for three days is a warning, said to people and devices', async () => {
    await round();
    await coordinator.clock.advance(71 * HOUR_MS);
    await round(devices.slice(0, 2));
    expect(await view()).toMatchObject({ level: 'ok' });
    await coordinator.clock.advance(2 * HOUR_MS);
    await sweep();
    expect(await view()).toMatchObject({ level: 'warning', text: expect.stringContaining('2026-01-05') });
    expect(await beat(devices[0]!)).toMatchObject({ worrying: true });
    const overview = expectStatus(await (await team.people('admin')).get<{ reasons: { text: string }[] }>('/overview'), 200);
    expect(overview.reasons.map((reason) => reason.text)).toContainEqual(
      expect.stringContaining('What a new coordinator would need was last left'),
    );
    await round();
    expect(await view()).toMatchObject({ level: 'ok', safeSinceMs: expect.any(Number) });
    expect(await beat(devices[0]!)).toMatchObject({ worrying: false });
  });

  it('is not left with who was revoked, and counts only where it is still said to be', async () => {
    await round();
    expectStatus(await (await team.people('admin')).post(`/devices/${devices[3]!.deviceId}/revoke`), 204);
    kept.delete(devices[2]!);
    await beat(devices[2]!);
    expect((await view()).keepers.map((keeper) => keeper.deviceName).sort()).toEqual(['ada', 'ben']);
  });

  it('is not made while the coordinator gets its memory back: what devices keep may know more', async () => {
    await round();
    const own = coordinator.get(CoordinatorIdentity);
    const { teamId } = team.keys;
    const memory = own.sign('memory', { teamId, memoryId: 'ffffffff-ffff-4fff-8fff-ffffffffffff', mark: 9 });
    expectStatus(await devices[0]!.fresh().post('/agent/heartbeat', { ...aHeartbeat(coordinator), memory }), 200);
    expect((await coordinator.get(RebuildStateService).verdict()).frozen).toBe(true);
    await coordinator.clock.advance(48 * HOUR_MS);
    const before = (await view()).madeAtMs;
    await sweep();
    expect((await view()).madeAtMs).toBe(before);
    expectStatus(await (await team.people('admin')).post('/rebuild/go'), 204);
    await sweep();
    expect((await view()).madeAtMs).not.toBe(before);
  });

  describe('and puts a new one in its place', () => {
    let restored: TestCoordinator | undefined;
    afterEach(async () => {
      await restored?.close();
      restored = undefined;
    });

    const files = async (statements: readonly SignedStatement[], keys: TeamKeys = team.keys) => {
      const home = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
      const kit = join(home, 'kit.json');
      writeFileSync(kit, await sealRecoveryKit(keys, 'kit', { cost: { memoryKiB: 8, passes: 1 } }));
      writeFileSync(join(home, 'passphrase'), 'kit\n');
      const bundles = statements.map((statement, n) => {
        writeFileSync(join(home, `${n}.json`), JSON.stringify(statement));
        return join(home, `${n}.json`);
      });
      return { home, options: { files: bundles, recoveryKit: kit, passphraseFile: join(home, 'passphrase'), json: true } };
    };
    const restore = async (statements: readonly SignedStatement[], keys?: TeamKeys): Promise<TestTeam> => {
      const { home, options } = await files(statements, keys);
      jest.spyOn(console, 'log').mockImplementation(() => undefined);
      try {
        restored = await startTestCoordinator({ prepare: (config) => restoreCoordinator(config, options) });
      } finally {
        rmSync(home, { recursive: true });
      }
      return teamOf(restored, team.keys, team.owner);
    };
    const newest = async (): Promise<SignedStatement> => {
      await sweep();
      return expectStatus(await (await team.people('admin')).get<SignedStatement>('/bundle/file'), 200);
    };
    const asDevice = ({ deviceId }: TestDevice): TestClient =>
      restored!.anyone.with({ authorization: `Bearer ${restored!.get(DeviceTokensService).issue(deviceId).token}` });
    /** A device as it is: it knows its key and nothing else. */
    const token = async (device: TestDevice): Promise<number> => {
      const { deviceId } = device;
      const challenge = await restored!.anyone.post<{ nonce: string }>('/agent/token/challenge', { deviceId });
      if (challenge.status >= 400) return challenge.status;
      const { nonce } = challenge.body;
      const signature = toBase64Url(sign('token', utf8(nonce), device.signing.secretKey));
      return (await restored!.anyone.post('/agent/token', { deviceId, nonce, signature })).status;
    };

    it('with the same key, members, people and policies, and everything frozen until the devices have reported', async () => {
      const admin = await team.people('admin');
      const { team: policy } = policyDocument.parse(expectStatus(await admin.get('/policies/team'), 200));
      expectStatus(await admin.put('/policies/team', { ...policy, excludes: ['*.iso'] }), 200);
      expectStatus(await admin.post(`/devices/${devices[3]!.deviceId}/revoke`), 204);
      const before = await newest();
      const publicKey = coordinator.get(CoordinatorIdentity).publicKey;
      const tls = readFileSync(join(coordinator.config.dataDir!, 'tls.pem'), 'utf8');

      const after = await restore([before]);
      expect(restored!.get(CoordinatorIdentity).publicKey).toBe(publicKey);
      expect(readFileSync(join(restored!.config.dataDir!, 'tls.pem'), 'utf8').trim()).toBe(tls.trim());
      expect((await restored!.anyone.post('/session', team.owner)).status).toBe(201);
      expect((await restored!.anyone.post('/session', { ...team.owner, password: 'not this one' })).status).toBe(401);
      const again = await after.people('admin');
      expect(policyDocument.parse(expectStatus(await again.get('/policies/team'), 200)).team.excludes).toEqual(['*.iso']);
      const list = expectStatus(await again.get<Page<DeviceSummary>>('/devices'), 200).items;
      expect(list.map(({ name, state }) => [name, state === 'revoked'])).toEqual(
        expect.arrayContaining([
          ['ada', false],
          ['ben', false],
          ['chloe', false],
          ['dan', true],
        ]),
      );
      expect(await token(devices[0]!)).toBe(201);
      expect(await token(devices[3]!)).toBe(403);
      const rebuild: RebuildView = rebuildView.parse(expectStatus(await again.get('/rebuild'), 200));
      expect(rebuild).toMatchObject({ frozen: true, knownDevices: 3, reportedDevices: 0, cause: expect.stringContaining('bundle') });
      const log = expectStatus(await again.get<Page<{ action: string; detail: Record<string, unknown> }>>('/audit-log'), 200);
      expect(log.items.map((entry) => entry.action)).toContain('coordinator.restore');
    });

    it('whose agents’ notes of its old memory are no second loss', async () => {
      const device = devices[0]!;
      const note = expectStatus(
        await device
          .fresh()
          .post<{ memory: { statement: SignedStatement } }>('/agent/heartbeat', { ...aHeartbeat(coordinator), memory: null }),
        200,
      ).memory.statement;
      await restore([await newest()]);
      const { memoryId } = peekStatement('memory', note) as { memoryId: string };
      const client = asDevice(device);
      const reply = expectStatus(
        await client.post<{ memory: { statement: SignedStatement; report: boolean } }>('/agent/heartbeat', {
          ...aHeartbeat(restored!),
          memory: note,
        }),
        200,
      );
      expect(reply.memory.report).toBe(true);
      expect((peekStatement('memory', reply.memory.statement) as { memoryId: string }).memoryId).not.toBe(memoryId);
      const actions = expectStatus(
        await (await teamOf(restored!, team.keys, team.owner).people('admin')).get<Page<{ action: string }>>('/audit-log'),
        200,
      );
      expect(actions.items.filter((entry) => entry.action === 'rebuild.begin')).toEqual([]);
    });

    it('from an old bundle, to which nobody who was revoked since comes back once a device has shown its roster', async () => {
      const old = await newest();
      expectStatus(await (await team.people('admin')).post(`/devices/${devices[3]!.deviceId}/revoke`), 204);
      const roster = expectStatus(await devices[0]!.fresh().get<SignedStatement>('/agent/roster'), 200);
      const eve = await team.enrol('eve');
      const withEve = expectStatus(await devices[1]!.fresh().get<SignedStatement>('/agent/roster'), 200);
      await restore([old]);
      // Its own rosters have meanwhile reached and passed the number of those that were lost.
      const { version } = peekStatement('roster', withEve) as Roster;
      await restored!.get(Database).write((manager) => manager.query(`UPDATE roster_version SET version = ${version + 5}`));
      const client = asDevice(devices[0]!);
      expectStatus(await client.post('/agent/rebuild/roster', { roster }), 204);
      expect(await token(devices[3]!)).toBe(403);
      expectStatus(await client.post('/agent/rebuild/roster', { roster: withEve }), 204);
      expect(await token(eve)).toBe(201);
      const now = peekStatement('roster', expectStatus(await client.get<SignedStatement>('/agent/roster'), 200)) as Roster;
      expect(now.version).toBeGreaterThan(version + 5);
      expect(now.members.find((member) => member.name === 'dan')?.state).toBe('revoked');
    });

    it('also over one that was started and never set up, whose keys nobody knows', async () => {
      const { home, options } = await files([await newest()]);
      jest.spyOn(console, 'log').mockImplementation(() => undefined);
      restored = await startTestCoordinator({
        prepare: async (config) => {
          await (await createCoordinator(config)).close();
          await restoreCoordinator(config, options);
        },
      });
      rmSync(home, { recursive: true });
      expect(restored.get(CoordinatorIdentity).publicKey).toBe(coordinator.get(CoordinatorIdentity).publicKey);
      expect((await restored.anyone.post('/session', team.owner)).status).toBe(201);
    });

    it('from the newest of those that are given, in any order', async () => {
      const old = await newest();
      await team.enrol('eve');
      await coordinator.clock.advance(-HOUR_MS);
      const young = await newest();
      const after = await restore([young, old]);
      const list = expectStatus(await (await after.people('admin')).get<Page<DeviceSummary>>('/devices'), 200).items;
      expect(list.map((device) => device.name)).toContain('eve');
    });

    it('only where there is no team yet, and only for the kit of its team', async () => {
      const statement = await newest();
      const { home, options } = await files([statement]);
      const code = async (work: Promise<unknown>): Promise<unknown> =>
        work.then(
          () => 'done',
          (error: { code?: string }) => error.code,
        );
      const key = coordinator.get(CoordinatorIdentity).publicKey;
      const { dataDir } = coordinator.config;
      await coordinator.app.close();
      expect(await code(restoreCoordinator(coordinator.config, options))).toBe('setup_done');
      coordinator = await startTestCoordinator();
      team = await foundTeam(coordinator);
      expect(coordinator.get(CoordinatorIdentity).publicKey).not.toBe(key);
      // The new team's kit does not open the old team's bundle.
      const other = await files([statement]);
      expect(await code(startTestCoordinator({ prepare: (config) => restoreCoordinator(config, other.options) }))).toBe('other_team');
      writeFileSync(options.passphraseFile, 'wrong\n');
      expect(await code(startTestCoordinator({ prepare: (config) => restoreCoordinator(config, options) }))).toBe('wrong_passphrase');
      writeFileSync(options.passphraseFile, 'kit\n');
      for (const text of ['', '{', '[]', JSON.stringify(statement).slice(0, -50), '{"type":"bundle"}']) {
        writeFileSync(options.files[0]!, text);
        expect(await code(startTestCoordinator({ prepare: (config) => restoreCoordinator(config, options) }))).toBe('bundle_invalid');
      }
      rmSync(dataDir!, { recursive: true });
      rmSync(home, { recursive: true });
      rmSync(other.home, { recursive: true });
    });

    it('never from what only looks like one: another key inside, a bomb, a newer content', async () => {
      const genuine = await newest();
      const { facts } = openBundle(genuine, team.keys);
      const content = contentOf(genuine);
      const again = (bytes: Uint8Array) =>
        coordinator.get(CoordinatorIdentity).use((secretKey) => sealBundle(bytes, facts, team.keys.recovery.publicKey, secretKey));
      const pack = (over: object) => gzipSync(JSON.stringify({ ...content, ...over }));
      const bad = [
        pack({ coordinator: { ...content.coordinator, keySeed: toBase64Url(systemRandom.bytes(32)) } }),
        pack({ roster: { ...content.roster, version: content.roster.version + 1 } }),
        pack({ version: 2 }),
        gzipSync(Buffer.alloc(65 * 1024 * 1024)),
        Buffer.from('no gzip'),
      ];
      for (const bytes of bad) await expect(restore([again(bytes)])).rejects.toMatchObject({ code: 'bundle_invalid' });
    });
  });
});
