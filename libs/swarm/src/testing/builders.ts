import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Roster, RosterMember } from '#libs/contracts';
import { peerIdFromSigningKey, signingKeyPairFromSeed } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { SealedPack } from '#libs/vault';
import { packDag } from '#libs/vault';
import { hashers } from '../hashes.ts';
import { leafBytes } from '../pack-transfer/limits.ts';

/** Random-looking bytes of any length, quickly: 1 MiB of seeded randomness, stamped per leaf so that leaves differ. */
export function someBytes(length: number, seed = 1): Uint8Array {
  const pattern = seededRandom(seed).bytes(Math.min(length, 64 * 1024));
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += pattern.length) out.set(pattern.subarray(0, Math.min(pattern.length, length - at)), at);
  for (let leaf = 0; leaf * leafBytes < length; leaf += 1) out[leaf * leafBytes] = leaf;
  return out;
}

/** A pack of arbitrary bytes: the transfer does not care that nobody can open it. */
export function aPack(sizeBytes: number, seed = 1): SealedPack & { readonly sizeBytes: number } {
  const bytes = someBytes(sizeBytes, seed);
  const { packId, rootBlock } = packDag(hashers, bytes);
  return { packId, kind: 'data', bytes, rootBlock, sizeBytes };
}

export interface TestDevice {
  readonly seed: Uint8Array;
  readonly deviceId: DeviceId;
  readonly peerId: string;
  readonly signingKey: Uint8Array;
}

/** Device number `n`, always with the same keys. Needs `cryptoReady()`. */
export function aDevice(n: number): TestDevice {
  const seed = seededRandom(1000 + n).bytes(32);
  const { publicKey } = signingKeyPairFromSeed(seed);
  return {
    seed,
    deviceId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId,
    peerId: peerIdFromSigningKey(publicKey),
    signingKey: publicKey,
  };
}

export function aMember(device: TestDevice, changes: Partial<RosterMember> = {}): RosterMember {
  return {
    deviceId: device.deviceId,
    peerId: device.peerId as RosterMember['peerId'],
    name: `device-${device.deviceId.slice(-2)}`,
    site: 'test',
    class: 'workstation',
    state: 'active',
    signingKey: toBase64Url(device.signingKey),
    boxKey: toBase64Url(new Uint8Array(32)),
    addresses: [],
    ...changes,
  };
}

export function aRoster(version: number, members: readonly RosterMember[]): Roster {
  return { teamId: '11111111-1111-4111-8111-111111111111', version, issuedAtMs: Date.UTC(2026, 0, 5), members: [...members] };
}

/** A new folder that the returned function removes. */
export async function aFolder(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-swarm-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
