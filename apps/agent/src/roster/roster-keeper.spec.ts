import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RosterMember, SignedStatement } from '#libs/contracts';
import { cryptoReady, peerIdFromSigningKey, type SigningKeyPair, signingKeyPairFromSeed, signStatement } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { RosterKeeper } from './roster-keeper.ts';

type File = Parameters<typeof RosterKeeper.open>[0];

const teamId = '4b1c0a52-6d0e-4f6c-9d4b-0d6f6c3c1a11';
const hourMs = 3_600_000;

describe('RosterKeeper', () => {
  let coordinator: SigningKeyPair;
  beforeAll(async () => {
    await cryptoReady();
    coordinator = signingKeyPairFromSeed(new Uint8Array(32).fill(1));
  });
  const roster = (version: number, members: readonly RosterMember[] = []): SignedStatement =>
    signStatement('roster', { teamId, version, issuedAtMs: 1, members: [...members] }, coordinator.secretKey);

  /** A file on a disk that can be full. */
  function aDisk() {
    const disk = { isFull: false, kept: undefined as { statement: SignedStatement; receivedAtMs: number } | undefined };
    const file = {
      read: async () => disk.kept,
      write: async (value: NonNullable<typeof disk.kept>) => {
        if (disk.isFull) throw new Error('no space left');
        disk.kept = value;
      },
    } as unknown as File;
    return { disk, open: () => RosterKeeper.open(file, teamId, coordinator.publicKey) };
  }

  it('is the newest that was seen, over a restart, and never an older one', async () => {
    const { open } = aDisk();
    const keeper = await open();
    expect((await keeper.accept(roster(2), 5))?.version).toBe(2);
    expect(await keeper.accept(roster(2), 6)).toBeUndefined();
    await expect(keeper.accept(roster(1), 7)).rejects.toMatchObject({ code: 'roster_rollback' });
    const again = await open();
    expect([again.version, again.receivedAtMs]).toEqual([2, 6]);
    await expect(again.accept(roster(1), 8)).rejects.toMatchObject({ code: 'roster_rollback' });
  });

  it('takes no revocation back, whatever the number: a coordinator from an older copy may have come past ours', async () => {
    const ben: RosterMember = {
      ...{
        deviceId: '00000000-0000-4000-8000-000000000002' as DeviceId,
        peerId: peerIdFromSigningKey(coordinator.publicKey),
        name: 'ben',
        site: '',
        class: 'workstation',
      },
      ...{ state: 'active', signingKey: 'A'.repeat(43), boxKey: 'A'.repeat(43), addresses: [] },
    };
    const revoked: RosterMember = { ...ben, state: 'revoked' };
    const { open } = aDisk();
    const keeper = await open();
    await keeper.accept(roster(2, [ben]), 1);
    await keeper.accept(roster(3, [revoked]), 2);
    for (const version of [3, 4, 400])
      await expect(keeper.accept(roster(version, [ben]), 3)).rejects.toMatchObject({
        code: 'roster_rollback',
        message: expect.stringMatching(/lets ben in/),
      });
    await expect((await open()).accept(roster(400, [{ ...ben, state: 'draining' }]), 4)).rejects.toMatchObject({ code: 'roster_rollback' });
    expect([keeper.version, keeper.member(ben.deviceId)?.state, keeper.receivedAtMs]).toEqual([3, 'revoked', 2]);
    // What the coordinator makes of it once it knows again.
    expect((await keeper.accept(roster(401, [revoked]), 5))?.version).toBe(401);
  });

  it('is in force on a full disk too, and written as soon as there is room', async () => {
    const { disk, open } = aDisk();
    const keeper = await open();
    await keeper.accept(roster(1), 1);
    disk.isFull = true;
    expect((await keeper.accept(roster(2), 2))?.version).toBe(2);
    expect([keeper.version, keeper.receivedAtMs]).toEqual([2, 2]);
    await expect(keeper.confirm(2, 3)).rejects.toThrow('no space left');
    disk.isFull = false;
    await keeper.confirm(2, 4);
    expect((await open()).version).toBe(2);
    const before = disk.kept;
    await keeper.confirm(2, 5);
    expect(disk.kept).toBe(before);
    await keeper.confirm(2, 4 + hourMs);
    expect(disk.kept?.receivedAtMs).toBe(4 + hourMs);
  });
});
