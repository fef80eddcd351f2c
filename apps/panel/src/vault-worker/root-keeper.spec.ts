import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { RootReleaseDraft } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { createTeam, cryptoReady, newSigningKeyPair, openRelease, sealRecoveryKit } from '#libs/crypto';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { systemRandom, toBase64Url } from '#libs/kernel';
import { RootKeeper } from './root-keeper.ts';

const cost = { memoryKiB: 8, passes: 1 };
const passphrase = 'kit';
const deviceId = randomUUID() as DeviceId;
const vaultId = 'ab'.repeat(16) as VaultId;
const packIds = ['bafyb4iegvzancoibzzyo3ryrbolskevehjds5ijjxrz27lyob5rh7onqci' as PackId];
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('the worker that signs with the team root', () => {
  let keys: TeamKeys;
  let kit: string;
  beforeAll(async () => {
    await cryptoReady();
    const coordinatorKey = newSigningKeyPair(systemRandom).publicKey;
    const made = await createTeam({ name: 'Team', passphrase, coordinatorKey, nowMs: 1, cost });
    keys = made.keys;
    kit = made.recoveryKit;
  });
  const draft = (over: Partial<RootReleaseDraft> = {}): RootReleaseDraft => ({
    ...{
      teamId: keys.teamId,
      vaultId,
      ownerDeviceId: deviceId,
      releaseSequence: 3,
      headSequence: 7,
      generation: 1,
      reason: 'leaver',
      packIds,
    },
    ...over,
  });
  const asked = () => ({
    ...{ kit, passphrase, deviceId, vaultId },
    ...{ recoveryKey: toBase64Url(keys.recovery.publicKey), rootKey: toBase64Url(keys.root.publicKey) },
  });
  const opened = async (): Promise<RootKeeper> => {
    const keeper = new RootKeeper();
    expect(await keeper.open(asked())).toEqual({ team: 'Team' });
    return keeper;
  };

  it('signs what was drafted for the chosen device, with an id and a time of its own', async () => {
    const keeper = await opened();
    const known = { teamId: keys.teamId, rootKey: keys.root.publicKey, ownerKey: newSigningKeyPair(systemRandom).publicKey };
    const [first, second] = [1, 2].map((nowMs) => openRelease(keeper.sign({ draft: draft(), nowMs }), known));
    const { releaseId, ...rest } = first!;
    expect(rest).toEqual({ ...draft(), atMs: 1 });
    expect(second!.releaseId).not.toBe(releaseId);
  });

  it('signs for no other device, vault or team, and takes over no field that nobody looked at', async () => {
    const keeper = await opened();
    const elsewhere = [{ ownerDeviceId: randomUUID() as DeviceId }, { vaultId: 'cd'.repeat(16) as VaultId }, { teamId: randomUUID() }];
    for (const over of elsewhere) expect(() => keeper.sign({ draft: draft(over), nowMs: 1 })).toThrow(code('draft_unfit'));
    const sneaky = { ...draft(), reason: 'surplus', onlyHolder: randomUUID() } as unknown as RootReleaseDraft;
    const { payload } = keeper.sign({ draft: sneaky, nowMs: 1 });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ ...draft(), releaseId: expect.any(String), atMs: 1 });
  });

  it('signs nothing before the kit of this team is open', async () => {
    const keeper = new RootKeeper();
    expect(() => keeper.sign({ draft: draft(), nowMs: 1 })).toThrow(code('locked'));
    await expect(keeper.open({ ...asked(), passphrase: 'wrong' })).rejects.toEqual(code('wrong_passphrase'));
    const otherRoot = await sealRecoveryKit({ ...keys, root: newSigningKeyPair(systemRandom) }, passphrase, { cost });
    await expect(keeper.open({ ...asked(), kit: otherRoot })).rejects.toEqual(code('other_team'));
    const other = await createTeam({ name: 'Other', passphrase, coordinatorKey: keys.root.publicKey, nowMs: 1, cost });
    await expect(keeper.open({ ...asked(), kit: other.recoveryKit })).rejects.toEqual(code('other_team'));
    expect(() => keeper.sign({ draft: draft(), nowMs: 1 })).toThrow(code('locked'));
  });
});
