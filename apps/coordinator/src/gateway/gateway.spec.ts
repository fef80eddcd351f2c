import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Roster } from '#libs/contracts';
import { peekStatement, signingSeed } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { systemRandom } from '#libs/kernel';
import type { PackId } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { openRootBlock, packDag } from '#libs/vault';
import { FakeAgent, expectStatus } from '../testing/fake-agent.ts';
import { DURABILITY_SWEEP } from '../placement/sweep-schedule.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { AddressesService } from '../roster/addresses.service.ts';
import { PlacementLoopService } from '../placement/placement-loop.service.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';

const MiB = 1024 * 1024;

/** Real nodes of a real swarm on loopback; only the fetching is done by hand. */
describe('gateway', () => {
  let folder: string;
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let operator: TestClient;
  let owner: FakeAgent;
  const holders: { agent: FakeAgent; store: FilePackStore; swarm: Swarm }[] = [];

  /** A pack of 2.5 MiB: three leaves, the last one short. */
  const bytes = systemRandom.bytes(2.5 * MiB);
  let dag: { packId: PackId; rootBlock: Uint8Array };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-gateway-'));
    coordinator = await startTestCoordinator({ config: { swarm: { enabled: true, listen: ['/ip4/127.0.0.1/tcp/0'] } } });
    team = await foundTeam(coordinator);
    operator = await team.people('restore-operator');
    owner = new FakeAgent(await team.enrol('owner'));
    dag = packDag(nodePrimitives(), bytes);
    for (const name of ['one', 'two']) {
      const agent = new FakeAgent(await team.enrol(name));
      const store = await FilePackStore.open(join(folder, name));
      const swarm = await startSwarm({
        seed: signingSeed(agent.device.signing.secretKey),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        stores: [store],
        bitswap: false,
      });
      holders.push({ agent, store, swarm });
      await agent.device.beat({ addresses: swarm.addresses() });
    }
    await owner.device.beat({ addresses: [] });
    await coordinator.get(SchedulesService).runNow(DURABILITY_SWEEP);
    await owner.announce([{ packId: dag.packId, ordinal: 0, kind: 'data', sizeBytes: bytes.length }]);
    await new Promise((resolve) => setImmediate(resolve));
    await coordinator.get(PlacementLoopService).settled();
    for (const { agent, store } of holders) {
      expect(await agent.fetchAll()).toBe(1);
      await store.put({ ...dag, kind: 'data', bytes });
    }
    await coordinator.get(AddressesService).flush();
    const roster = peekStatement('roster', expectStatus(await owner.device.fresh().get('/agent/roster'), 200)) as Roster;
    for (const { swarm } of holders) await swarm.setRoster(roster);
  }, 60_000);

  afterEach(async () => {
    for (const { swarm } of holders.splice(0)) {
      await swarm.stop();
    }
    await coordinator.close();
    await rm(folder, { recursive: true, force: true });
  });

  const path = (rest: string): string => `/vaults/${owner.vaultId}/packs/${dag.packId}/${rest}`;
  const raw = async (client: TestClient, rest: string) =>
    coordinator.app.inject({ method: 'GET', url: `/api/v1${path(rest)}`, headers: { ...client.headers } });

  it('relays the root and any leaves, exactly as they were stored', async () => {
    const root = await raw(operator, 'root');
    expect(root.statusCode).toBe(200);
    expect(openRootBlock(nodePrimitives(), dag.packId, root.rawPayload).sizeBytes).toBe(bytes.length);
    const all = await raw(operator, 'leaves?first=0&count=32');
    expect(all.headers).toMatchObject({ 'content-length': String(bytes.length), 'content-type': 'application/octet-stream' });
    expect(Buffer.compare(all.rawPayload, bytes)).toBe(0);
    const last = await raw(operator, 'leaves?first=2&count=1');
    expect(Buffer.compare(last.rawPayload, bytes.subarray(2 * MiB))).toBe(0);
  });

  it('falls through to the next holder when one stops or has lost the pack', async () => {
    await holders[0]!.swarm.stop();
    expect(Buffer.compare((await raw(operator, 'leaves?first=0&count=3')).rawPayload, bytes)).toBe(0);
    await holders[1]!.store.delete(dag.packId);
    const refused = await raw(operator, 'leaves?first=0&count=3');
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([503, 'pack_unavailable']);
  }, 60_000);

  it('says so when nobody who has it is online, when there is no such pack, and when the range is none', async () => {
    await coordinator.clock.advance(10 * 60_000);
    expect((await operator.get(path('root'))).body.code).toBe('no_holder_online');
    const unknown = `b${'a'.repeat(58)}`;
    expect((await operator.get(`/vaults/${owner.vaultId}/packs/${unknown}/root`)).body.code).toBe('pack_not_found');
    for (const range of ['first=3&count=1', 'first=0&count=33', 'first=-1&count=1', 'first=0&count=0', 'first=0']) {
      const code = (await operator.get(path(`leaves?${range}`))).body.code;
      expect([range, code]).toEqual([range, 'request_invalid']);
    }
  }, 60_000);

  it('is for those who may restore', async () => {
    expect((await (await team.people('auditor')).get(path('root'))).status).toBe(403);
    expect((await coordinator.anyone.get(path('root'))).status).toBe(401);
    expect((await owner.device.fresh().get(path('root'))).status).toBe(401);
  });
});
