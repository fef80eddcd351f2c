import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DeviceId, VaultId } from '#libs/kernel';
import { fromHex, systemRandom, toBase64Url } from '#libs/kernel';
import type { BoxKeyPair, RestoreOrder } from './index.ts';
import { boxKeyPairFromSecretKey, cryptoReady, newBoxKeyPair, openRestoreOrder, sealRestoreOrder, sealToBox } from './index.ts';

const order: RestoreOrder = {
  vaultId: 'ab'.repeat(16) as VaultId,
  targetDeviceId: '11111111-1111-4111-8111-111111111111' as DeviceId,
  snapshotSequence: 3,
  paths: ['/home/ada/Übersicht.txt'],
  destination: '/home/ben/restored',
  conflict: 'keep-both',
};
const masterKey = new Uint8Array(32).fill(7);
const nowMs = 1_800_000_000_000;
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let target: BoxKeyPair;
beforeAll(async () => {
  await cryptoReady();
  target = newBoxKeyPair(systemRandom);
});
const sealed = (): Uint8Array => sealRestoreOrder(order, masterKey, target.publicKey, { nowMs, random: systemRandom });

describe('a restore order', () => {
  it('gives the key to the device that it is for, and an id of its own', () => {
    const first = openRestoreOrder(sealed(), target, order);
    expect(first).toMatchObject({ masterKey, orderedAtMs: nowMs });
    expect(openRestoreOrder(sealed(), target, order).orderId).not.toBe(first.orderId);
  });

  it.each<[string, Partial<RestoreOrder>]>([
    ['vault', { vaultId: 'cd'.repeat(16) as VaultId }],
    ['device', { targetDeviceId: '22222222-2222-4222-8222-222222222222' as DeviceId }],
    ['snapshot', { snapshotSequence: 2 }],
    ['path', { paths: ['/home/ada/.bashrc'] }],
    ['number of paths', { paths: [] }],
    ['folder', { destination: '/home/ben' }],
    ['place', { destination: null }],
    ['rule', { conflict: 'overwrite' }],
  ])('is for no other %s', (_, over) => {
    const box = sealed();
    expect(() => openRestoreOrder(box, target, { ...order, ...over })).toThrow(code('order_altered'));
  });

  it('tells two lists of paths apart that read the same one after the other', () => {
    const box = sealRestoreOrder({ ...order, paths: ['/a', '/b'] }, masterKey, target.publicKey, { nowMs, random: systemRandom });
    expect(() => openRestoreOrder(box, target, { ...order, paths: ['/a","/b'] })).toThrow(code('order_altered'));
  });

  it('is not a bare key: one that was sealed without an order, or cut short, opens nothing', () => {
    expect(() => openRestoreOrder(sealToBox(target.publicKey, masterKey), target, order)).toThrow(code('order_altered'));
    expect(() => openRestoreOrder(sealed().subarray(1), target, order)).toThrow(code('wrong_key'));
    expect(() => openRestoreOrder(sealed(), newBoxKeyPair(systemRandom), order)).toThrow(code('wrong_key'));
  });

  it('is the same bytes for ever (golden vector)', () => {
    const keys = boxKeyPairFromSecretKey(new Uint8Array(32).fill(5));
    const opened = openRestoreOrder(fromHex(vector), keys, order);
    expect(opened).toEqual({ masterKey, orderId: toBase64Url(new Uint8Array(16).fill(9)), orderedAtMs: nowMs });
  });
});

/** Sealed once to the box key of the secret key 05…05, id 09…09. */
const vector =
  '5fd55b45de7f19f1073a6eb741d92ff6b607870363c668b3bf446e5c596c97737b77c881fbe6a473fa840ef1d111056e1d58ac0e738011ef7b79f330ff48d1e4eb97e024f9f20d7433c7419df3c954282f07f555773500406f1524c84f41568fb85b005f3c48f88f19c217208605a8fd5b797c54a0d44980ade922868bcdd227dfeb44edacd02be8';
