import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Receipt } from '#libs/contracts';
import { cryptoReady, signStatement, signingKeyPairFromSeed } from '#libs/crypto';
import { makeReceipt, verifyReceipt } from './receipts.ts';
import { aDevice, aPack } from './testing/builders.ts';

describe('receipts', () => {
  beforeAll(() => cryptoReady());

  const body = (): Receipt => ({
    packId: aPack(10).packId,
    sizeBytes: 10,
    vaultId: 'ab'.repeat(16) as never,
    ownerDeviceId: aDevice(0).deviceId,
    holderDeviceId: aDevice(1).deviceId,
    generation: 0,
    atMs: 1_767_600_000_000,
  });

  it('says what the holder signed', () => {
    const holder = aDevice(1);
    const statement = makeReceipt(holder.seed, body());
    expect(verifyReceipt(statement, holder.signingKey)).toEqual(body());
    expect(
      verifyReceipt(JSON.parse(JSON.stringify(statement)), holder.signingKey, {
        packId: body().packId,
        holderDeviceId: holder.deviceId,
        generation: 0,
      }),
    ).toEqual(body());
  });

  it('is refused when another signed it, a byte differs, or it is about something else', () => {
    const holder = aDevice(1);
    const statement = makeReceipt(holder.seed, body());
    const flip = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const refused = (work: () => unknown): void => expect(work).toThrow(expect.objectContaining({ code: 'receipt_invalid' }));
    refused(() => verifyReceipt(statement, aDevice(2).signingKey));
    for (let at = 0; at < statement.payload.length; at += 17)
      refused(() => verifyReceipt({ ...statement, payload: flip(statement.payload, at) }, holder.signingKey));
    refused(() => verifyReceipt({ ...statement, signature: flip(statement.signature, 3) }, holder.signingKey));
    refused(() => verifyReceipt({ ...statement, type: 'roster' }, holder.signingKey));
    refused(() => verifyReceipt(statement, holder.signingKey, { packId: aPack(11).packId }));
    refused(() => verifyReceipt(statement, holder.signingKey, { holderDeviceId: aDevice(2).deviceId }));
    refused(() =>
      verifyReceipt(signStatement('receipt', { ...body(), extra: 1 }, signingKeyPairFromSeed(holder.seed).secretKey), holder.signingKey),
    );
    refused(() => verifyReceipt(signStatement('release', body(), signingKeyPairFromSeed(holder.seed).secretKey), holder.signingKey));
    refused(() => makeReceipt(holder.seed, { ...body(), sizeBytes: -1 }));
  });
});
