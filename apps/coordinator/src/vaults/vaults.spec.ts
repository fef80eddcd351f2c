import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { vaultDocument } from '#libs/contracts';
import { boxKeyPairFromSecretKey } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { systemRandom, toBase64Url } from '#libs/kernel';
import type { VaultHeader } from '#libs/vault';
import { createVault, encodeHeader } from '#libs/vault';
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

  describe('of which the header changes', () => {
    let header: VaultHeader;
    let bytes: string;

    beforeEach(async () => {
      const recovery = boxKeyPairFromSecretKey(systemRandom.bytes(32));
      const made = await createVault({
        ...{ primitives: nodePrimitives(), random: systemRandom, nowMs: 1, masterKey: systemRandom.bytes(32) },
        signingKeyPair: owner.device.signing,
        slots: [{ kind: 'recovery', publicKey: recovery.publicKey, label: 'team' }],
      });
      header = made.header;
      bytes = toBase64Url(made.headerBytes);
      expectStatus(await putHeader(owner, bytes), 204);
    });

    const signed = (over: Partial<VaultHeader>): string => toBase64Url(encodeHeader({ ...header, ...over }, owner.device.signing));
    const kept = async (): Promise<string> =>
      expectStatus(await (await team.people('admin')).get(`/vaults/${owner.vaultId}`), 200).header as string;

    it('keep the newest, whatever comes late', async () => {
      const newer = signed({ sequence: 2 });
      expectStatus(await putHeader(owner, newer), 204);
      expectStatus(await putHeader(owner, bytes), 204);
      expect(await kept()).toBe(newer);
    });

    it('do not take one that locks the recovery key out, from a machine that was taken over', async () => {
      const [slot] = header.slots;
      const box = slot!.box.map((byte) => byte ^ 1);
      const own = { ...slot!, slotId: 'f'.repeat(16), publicKey: boxKeyPairFromSecretKey(systemRandom.bytes(32)).publicKey };
      for (const shut of [
        signed({ sequence: 2, slots: [{ ...slot!, box }] }),
        signed({ sequence: 2, slots: [own] }),
        signed({ sequence: 2, binding: header.binding.map((byte) => byte ^ 1) }),
        toBase64Url(new Uint8Array(200)),
      ]) {
        expect((await putHeader(owner, shut)).body.code).toBe('header_invalid');
      }
      expect(await kept()).toBe(bytes);
      const more = signed({ sequence: 2, slots: [slot!, own] });
      expectStatus(await putHeader(owner, more), 204);
      expect(await kept()).toBe(more);
    });
  });
});
