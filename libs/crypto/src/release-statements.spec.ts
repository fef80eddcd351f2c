import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Release, SignedStatement } from '#libs/contracts';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { fromBase64Url, fromHex, toBase64Url, utf8 } from '#libs/kernel';
import type { ReleaseKeys, SigningKeyPair } from './index.ts';
import {
  cryptoReady,
  openCancel,
  openConfirm,
  openCountersigned,
  openRelease,
  releaseHashOf,
  signCancel,
  signConfirm,
  signCountersign,
  signRelease,
  signRootRelease,
  signingKeyPairFromSeed,
} from './index.ts';

interface Vectors {
  readonly seeds: { readonly owner: string; readonly root: string; readonly coordinator: string };
  readonly release: Release;
  readonly countersign: { readonly holdMs: number; readonly atMs: number };
  readonly cancel: { readonly atMs: number };
  readonly confirm: { readonly holderDeviceId: DeviceId; readonly nonce: string; readonly packIds: PackId[]; readonly atMs: number };
  readonly signed: Readonly<Record<'release' | 'rootRelease' | 'countersign' | 'cancel' | 'confirm', SignedStatement>>;
  readonly releaseHash: string;
}
const vectors = JSON.parse(readFileSync(new URL('vectors/releases.json', import.meta.url), 'utf8')) as Vectors;
const { release, signed } = vectors;

let owner: SigningKeyPair;
let root: SigningKeyPair;
let coordinator: SigningKeyPair;
let stranger: SigningKeyPair;
let keys: ReleaseKeys;
beforeAll(async () => {
  await cryptoReady();
  [owner, root, coordinator] = (['owner', 'root', 'coordinator'] as const).map((who) =>
    signingKeyPairFromSeed(fromHex(vectors.seeds[who])),
  ) as [SigningKeyPair, SigningKeyPair, SigningKeyPair];
  stranger = signingKeyPairFromSeed(new Uint8Array(32).fill(9));
  keys = { teamId: release.teamId, ownerKey: owner.publicKey, rootKey: root.publicKey, coordinatorKey: coordinator.publicKey };
});
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const other = '22222222-2222-4222-8222-222222222222';

describe('the statements of a release', () => {
  it('are the same bytes for ever (golden vectors)', () => {
    expect(signRelease(release, owner.secretKey)).toEqual(signed.release);
    expect(signRootRelease(release, root.secretKey)).toEqual(signed.rootRelease);
    expect(signCountersign(signed.release, release, vectors.countersign, coordinator.secretKey)).toEqual(signed.countersign);
    expect(signCancel(signed.release, release, vectors.cancel.atMs, coordinator.secretKey)).toEqual(signed.cancel);
    expect(signConfirm(signed.release, release, vectors.confirm, coordinator.secretKey)).toEqual(signed.confirm);
    expect(releaseHashOf(signed.release)).toBe(vectors.releaseHash);
  });

  it('of a trim, too, which names its only holder', () => {
    const trims = JSON.parse(readFileSync(new URL('vectors/trims.json', import.meta.url), 'utf8')) as {
      readonly trim: Release;
      readonly signed: SignedStatement;
      readonly releaseHash: string;
    };
    expect(signRelease(trims.trim, owner.secretKey)).toEqual(trims.signed);
    expect(openRelease(trims.signed, keys)).toEqual(trims.trim);
    expect(trims.trim.onlyHolder).toBe(vectors.confirm.holderDeviceId);
    expect(releaseHashOf(trims.signed)).toBe(trims.releaseHash);
  });

  it('open to what was signed', () => {
    expect(openCountersigned(signed.release, signed.countersign, keys)).toMatchObject({ release, countersign: vectors.countersign });
    expect(openCancel(signed.cancel, signed.release, release, keys.coordinatorKey).releaseId).toBe(release.releaseId);
    expect(openConfirm(signed.confirm, signed.release, release, vectors.confirm, keys.coordinatorKey).packIds).toEqual(
      vectors.confirm.packIds,
    );
  });

  it('are refused from anybody else: the coordinator for the owner, the owner for the root, a stranger for each', () => {
    for (const impostor of [coordinator, root, stranger])
      expect(() => openRelease(signRelease(release, impostor.secretKey), keys)).toThrow(code('bad_signature'));
    for (const impostor of [coordinator, owner, stranger])
      expect(() => openRelease(signRootRelease(release, impostor.secretKey), keys)).toThrow(code('bad_signature'));
    for (const impostor of [owner, root, stranger]) {
      const forged = signCountersign(signed.release, release, vectors.countersign, impostor.secretKey);
      expect(() => openCountersigned(signed.release, forged, keys)).toThrow(code('bad_signature'));
    }
  });

  it('are bound to one release: a countersignature, a confirmation or a cancel of another one is none', () => {
    const twin = { ...release, packIds: [...release.packIds].reverse() };
    const signedTwin = signRelease(twin, owner.secretKey);
    expect(() => openCountersigned(signedTwin, signed.countersign, keys)).toThrow(code('bad_statement'));
    expect(() => openConfirm(signed.confirm, signedTwin, twin, vectors.confirm, keys.coordinatorKey)).toThrow(code('bad_statement'));
    expect(() => openCancel(signed.cancel, signedTwin, twin, keys.coordinatorKey)).toThrow(code('bad_statement'));
  });

  it('never stand for one another', () => {
    expect(() => openCountersigned(signed.release, { ...signed.confirm, type: 'release-countersign' }, keys)).toThrow(
      code('bad_signature'),
    );
    expect(() => openRelease({ ...signed.release, type: 'root-release' }, keys)).toThrow(code('bad_signature'));
    expect(() => openRelease(signed.countersign, keys)).toThrow(code('bad_statement'));
  });

  it('confirm to one holder and one question', () => {
    const ask = (expected: { holderDeviceId: DeviceId; nonce: string }) => (): unknown =>
      openConfirm(signed.confirm, signed.release, release, expected, keys.coordinatorKey);
    expect(ask({ ...vectors.confirm, holderDeviceId: other as DeviceId })).toThrow(code('bad_statement'));
    expect(ask({ ...vectors.confirm, nonce: 'A'.repeat(43) })).toThrow(code('bad_statement'));
  });

  it.each<[string, Partial<Release>]>([
    ['another team', { teamId: other }],
    ['a pack twice', { packIds: [release.packIds[0]!, release.packIds[0]!] }],
    ['no pack', { packIds: [] }],
    ['no sequence', { releaseSequence: 0 }],
    ['a vault that is none', { vaultId: 'zz' as VaultId }],
    ['an unknown field', { more: 1 } as Partial<Release>],
  ])('are refused with %s', (_name, over) => {
    expect(() => openRelease(signRelease({ ...release, ...over }, owner.secretKey), keys)).toThrow(code('bad_statement'));
  });

  it('are refused truncated or with any byte altered', () => {
    const payload = fromBase64Url(signed.release.payload);
    for (let at = 0; at < payload.length; at += 7) {
      const altered = payload.slice();
      altered[at]! ^= 1;
      expect(() => openRelease({ ...signed.release, payload: toBase64Url(altered) }, keys)).toThrow(code('bad_signature'));
      expect(() => openRelease({ ...signed.release, payload: toBase64Url(payload.subarray(0, at)) }, keys)).toThrow(code('bad_signature'));
    }
    expect(() => openRelease({ ...signed.release, payload: toBase64Url(utf8('{}')) }, keys)).toThrow(code('bad_signature'));
  });
});
