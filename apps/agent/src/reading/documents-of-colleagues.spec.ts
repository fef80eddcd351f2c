import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { RosterMember } from '#libs/contracts';
import { type DeviceId, toBase64Url } from '#libs/kernel';
import type { VaultDocuments } from '#libs/swarm';
import { aVault, type TestVault } from '#libs/vault/testing';
import { documentsOfColleagues } from './documents-of-colleagues.ts';

// Sealing real packs byte by byte is slow inside jest.
jest.setTimeout(60_000);

describe('documentsOfColleagues', () => {
  let vault: TestVault;
  let older: VaultDocuments;
  let newest: VaultDocuments;
  const documentsOf = ({ header, headerBytes, headBytes, head }: TestVault): VaultDocuments => ({
    ...{ vaultId: header.vaultId, header: headerBytes, head: headBytes, sequence: head?.sequence ?? 0 },
  });
  beforeAll(async () => {
    vault = await aVault();
    await vault.snapshot({ a: Uint8Array.of(1) });
    older = documentsOf(vault);
    await vault.snapshot({ a: Uint8Array.of(2) });
    newest = documentsOf(vault);
  });

  const colleague = (n: number, over: Partial<RosterMember> = {}): RosterMember =>
    ({ deviceId: `device-${n}`, name: `laptop-${n}`, class: 'workstation', state: 'active', ...over }) as RosterMember;
  const team = (size: number): RosterMember[] => Array.from({ length: size }, (_, n) => colleague(n));

  /** Asks a team in which these have something. Returns what was found and who was asked, in order. */
  async function ask(members: readonly RosterMember[], has: Readonly<Record<string, VaultDocuments>>, holders: readonly string[] = []) {
    const asked: string[] = [];
    const found = await documentsOfColleagues(
      {
        members,
        self: 'device-0' as DeviceId,
        holders: new Set(holders as DeviceId[]),
        ownerKey: toBase64Url(vault.signingKeyPair.publicKey),
        fetch: async (holder) => {
          asked.push(holder);
          if (holder === ('device-9' as DeviceId)) throw new Error('asleep');
          return has[holder];
        },
      },
      new AbortController().signal,
    );
    return { found, asked };
  }

  it('finds what only a few of a large team keep', async () => {
    const { found, asked } = await ask(team(60), { 'device-55': newest });
    expect(found).toEqual({ ...newest, from: 'laptop-55' });
    expect(asked).not.toContain('device-0');
    expect((await ask(team(60), {})).found).toBeUndefined();
  });

  it('asks known holders and anchors first, revoked ones and the coordinator never', async () => {
    const members = [
      ...team(30),
      colleague(30, { class: 'anchor' }),
      colleague(31, { state: 'revoked' }),
      colleague(32, { class: 'coordinator' }),
    ];
    const { found, asked } = await ask(members, { 'device-30': newest }, ['device-20']);
    expect(found?.from).toBe('laptop-30');
    expect(asked.slice(0, 2)).toEqual(['device-20', 'device-30']);
    expect(asked).toHaveLength(12);
    const all = await ask(members, {});
    expect([all.asked.length, all.asked.includes('device-31'), all.asked.includes('device-32')]).toEqual([30, false, false]);
  });

  it('takes the newest that the owner signed, whatever a colleague claims', async () => {
    const other = await aVault({ seed: 2 });
    await other.snapshot({ b: Uint8Array.of(1) });
    const stranger = documentsOf(other);
    const { found } = await ask(team(12), {
      'device-1': older,
      'device-2': { ...older, sequence: 99 },
      'device-3': { ...newest, head: stranger.head, sequence: stranger.sequence },
      'device-4': { ...stranger, vaultId: newest.vaultId },
      'device-5': { ...newest, head: undefined, sequence: 100 },
      'device-6': { ...newest, header: new Uint8Array(10), sequence: 101 },
      'device-7': newest,
    });
    expect(found).toEqual({ ...newest, from: 'laptop-7' });
    expect((await ask(team(30), { 'device-2': { ...older, sequence: 99 }, 'device-25': older })).found?.from).toBe('laptop-25');
  });
});
