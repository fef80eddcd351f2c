import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boxKeyPairFromSecretKey, cryptoReady, newMasterKey, signingKeyPairFromSeed } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { seededRandom } from '#libs/kernel/testing';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { decodeHeader, encodeHeader } from './header-codec.ts';
import { headerLoss } from './header-succession.ts';
import { addSlot, createVault, type HeaderChange, removeSlot, unlockHeader } from './key-slots.ts';

const cost = { memoryKiB: 64, passes: 1 };

describe('vault header', () => {
  const random = seededRandom(1);
  let change: HeaderChange;
  let recovery: ReturnType<typeof boxKeyPairFromSecretKey>;
  let device: ReturnType<typeof boxKeyPairFromSecretKey>;
  beforeAll(async () => {
    await cryptoReady();
    recovery = boxKeyPairFromSecretKey(random.bytes(32));
    device = boxKeyPairFromSecretKey(random.bytes(32));
    const maker = {
      primitives: nodePrimitives(),
      random,
      nowMs: 1_000,
      masterKey: newMasterKey(random),
      signingKeyPair: signingKeyPairFromSeed(random.bytes(32)),
    };
    const { headerBytes } = await createVault({
      ...maker,
      slots: [
        { kind: 'passphrase', passphrase: 'open sesame', label: 'Ann', cost },
        { kind: 'recovery', publicKey: recovery.publicKey, label: 'team' },
      ],
    });
    change = { ...maker, headerBytes };
  });

  it('opens with each of its slots and with nothing else', async () => {
    const header = decodeHeader(change.headerBytes);
    expect(await unlockHeader(change.primitives, header, { passphrase: 'open sesame' })).toEqual(change.masterKey);
    expect(await unlockHeader(change.primitives, header, { recoveryKeyPair: recovery })).toEqual(change.masterKey);
    for (const unlock of [{ passphrase: 'open barley' }, { passphrase: '' }, { recoveryKeyPair: device }, { boxKeyPair: device }]) {
      await expect(unlockHeader(change.primitives, header, unlock)).rejects.toMatchObject({ code: 'wrong_key' });
    }
  });

  it('takes no label that a reader would refuse', async () => {
    await expect(addSlot(change, { kind: 'device', publicKey: device.publicKey, label: '漢'.repeat(100) })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('gains and loses slots; a newer header is told from an older one by its number', async () => {
    const added = await addSlot(change, { kind: 'device', publicKey: device.publicKey, label: 'new laptop' });
    const header = decodeHeader(added);
    expect(header.slots.map((slot) => [slot.kind, slot.label])).toEqual([
      ['passphrase', 'Ann'],
      ['recovery', 'team'],
      ['device', 'new laptop'],
    ]);
    expect(await unlockHeader(change.primitives, header, { boxKeyPair: device })).toEqual(change.masterKey);
    expect(header.sequence).toBeGreaterThan(decodeHeader(change.headerBytes).sequence);
    const removed = decodeHeader(await removeSlot({ ...change, headerBytes: added }, header.slots[2]!.slotId));
    expect([removed.sequence, removed.slots.length]).toEqual([3, 2]);
    await expect(unlockHeader(change.primitives, removed, { boxKeyPair: device })).rejects.toMatchObject({ code: 'wrong_key' });
  });

  it('keeps at least one slot, and only those that exist can go', async () => {
    const [first, second] = decodeHeader(change.headerBytes).slots;
    const one = await removeSlot(change, first!.slotId);
    await expect(removeSlot({ ...change, headerBytes: one }, second!.slotId)).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(removeSlot(change, 'ffffffffffffffff')).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('is changed by its device and its master key only', async () => {
    const stranger = signingKeyPairFromSeed(random.bytes(32));
    const slot = { kind: 'device' as const, publicKey: device.publicKey, label: 'x' };
    await expect(addSlot({ ...change, signingKeyPair: stranger }, slot)).rejects.toMatchObject({ code: 'wrong_key' });
    await expect(addSlot({ ...change, masterKey: newMasterKey(random) }, slot)).rejects.toMatchObject({ code: 'wrong_key' });
  });

  it('may gain and lose passphrases, and never takes away what a recovery key opens', async () => {
    const before = decodeHeader(change.headerBytes);
    const added = decodeHeader(await addSlot(change, { kind: 'device', publicKey: device.publicKey, label: 'new laptop' }));
    const removed = decodeHeader(await removeSlot(change, before.slots[0]!.slotId));
    for (const next of [before, added, removed]) expect(headerLoss(before, next)).toBeUndefined();
    const [, slot] = before.slots;
    const changed = (over: Partial<NonNullable<typeof slot>>) => ({ ...before, slots: [before.slots[0]!, { ...slot!, ...over }] });
    for (const next of [
      { ...before, slots: before.slots.slice(0, 1) },
      changed({ box: random.bytes(slot!.box.length) }),
      changed({ publicKey: device.publicKey }),
      changed({ kind: 'device' }),
      { ...before, binding: random.bytes(32) },
      { ...before, vaultId: 'f'.repeat(32) as typeof before.vaultId },
      { ...before, signingPublicKey: random.bytes(32) },
    ]) {
      expect(headerLoss(before, next)).toBeDefined();
    }
    // Who keeps the first one only: the second way in is as safe as the first.
    const two = decodeHeader(await addSlot(change, { kind: 'recovery', publicKey: device.publicKey, label: 'second kit' }));
    expect(headerLoss(two, before)).toContain('recovery');
  });

  it('that another device signed over the same slots is refused once it is opened', async () => {
    const stranger = signingKeyPairFromSeed(random.bytes(32));
    const forged = decodeHeader(encodeHeader({ ...decodeHeader(change.headerBytes), signingPublicKey: stranger.publicKey }, stranger));
    await expect(unlockHeader(change.primitives, forged, { recoveryKeyPair: recovery })).rejects.toMatchObject({ code: 'bad_signature' });
  });

  it('refuses what no reader would take: chunk sizes, too many slots or passphrases', async () => {
    const header = decodeHeader(change.headerBytes);
    const [passphrase, box] = header.slots;
    const many = (slot: typeof box, count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...slot!, slotId: i.toString(16).padStart(16, '0') }));
    for (const wrong of [
      { slots: many(passphrase, 5) },
      { slots: many(box, 65) },
      { slots: [box!, box!] },
      { parameters: { ...header.parameters, chunkMaxBytes: 1 } },
      { parameters: { ...header.parameters, dataPackBytes: 2 ** 40 } },
    ]) {
      expect(() => encodeHeader({ ...header, ...wrong }, change.signingKeyPair)).toThrow(
        expect.objectContaining({ code: 'invalid_input' }),
      );
    }
  });

  it('fails cleanly when damaged: never opens, never throws anything else', () => {
    fc.assert(
      fc.property(mutationsOf(change.headerBytes), (damaged) => {
        if (Buffer.compare(damaged, change.headerBytes) === 0) return;
        const outcome = decodeOutcome(() => decodeHeader(damaged));
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^(bad_header|bad_signature|unsupported_version)$/) });
      }),
      { numRuns: 500 },
    );
    expect(decodeOutcome(() => decodeHeader(new Uint8Array(300_000)))).toEqual({ code: 'limit_exceeded' });
  });
});
