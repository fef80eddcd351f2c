import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { vaultDocument } from '#libs/contracts';
import { FakeAgent, expectStatus } from '../testing/fake-agent.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';

describe('vault documents', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let owner: FakeAgent;
  let reader: FakeAgent;

  beforeEach(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    owner = new FakeAgent(await team.enrol('owner'));
    reader = new FakeAgent(await team.enrol('reader'));
  });
  afterEach(() => coordinator.close());

  const putHeader = (agent: FakeAgent, header: string) =>
    agent.device.client.put('/agent/vault/header', { vaultId: owner.vaultId, header });
  const auditActions = async (): Promise<string[]> =>
    expectStatus(await (await team.people('auditor')).get('/audit-log'), 200).items.map(
      (entry: { action: string; actor: string }) => `${entry.action} by ${entry.actor}`,
    );

  it('are kept as they came and given to any device of the team, with a trace', async () => {
    expectStatus(await putHeader(owner, 'aGVhZGVy'), 204);
    await owner.announce(owner.newPacks(1));
    const body = owner.snapshotBody([0]);
    expectStatus(await owner.device.client.post('/agent/snapshots', body), 204);
    const document = vaultDocument.parse(expectStatus(await reader.device.client.get(`/agent/vaults/${owner.vaultId}`), 200));
    expect(document).toEqual({
      vaultId: owner.vaultId,
      deviceId: owner.device.deviceId,
      deviceName: 'owner',
      header: 'aGVhZGVy',
      head: body['head'],
      headSequence: 1,
    });
    expect((await auditActions())[0]).toBe('vault.read by device reader');
    expectStatus(await owner.device.client.get(`/agent/vaults/${owner.vaultId}`), 200);
    expect((await auditActions())[0]).toBe('vault.read by device reader');
    const list = expectStatus(await reader.device.client.get('/agent/vaults'), 200);
    expect(list).toEqual([{ ...document, head: null }]);
  });

  it('are not there before the header is', async () => {
    await owner.announce(owner.newPacks(1));
    expect((await reader.device.client.get(`/agent/vaults/${owner.vaultId}`)).body.code).toBe('vault_not_found');
    expect(expectStatus(await reader.device.client.get('/agent/vaults'), 200)).toEqual([]);
  });

  it('are written by their owner only', async () => {
    expectStatus(await putHeader(owner, 'b25l'), 204);
    expect((await putHeader(reader, 'dHdv')).body.code).toBe('vault_not_yours');
    expectStatus(await putHeader(owner, 'dGhyZWU'), 204);
    const admin = await team.people('admin');
    expect(expectStatus(await admin.get(`/vaults/${owner.vaultId}`), 200).header).toBe('dGhyZWU');
    expect((await (await team.people('auditor')).get(`/vaults/${owner.vaultId}`)).status).toBe(403);
    expect((await auditActions())[0]).toBe('vault.read by admin@example.org');
  });
});
