import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SignedStatement } from '#libs/contracts';
import { cryptoReady, newSigningKeyPair } from '#libs/crypto';
import { type DeviceId, type PackId, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { makeReceipt } from '#libs/swarm';
import { packIdOf, rootCid } from '#libs/vault';
import { memoryFolder } from '#libs/kernel/testing';
import { ReceiptBook } from './receipt-book.ts';

describe('receipts that are handed back to a coordinator', () => {
  let folder: string;
  let seed: Uint8Array;
  const [ben, chloe] = [crypto.randomUUID(), crypto.randomUUID()] as [DeviceId, DeviceId];
  const pack = (n: number): PackId => packIdOf(rootCid('blake3', new Uint8Array(32).fill(n)));
  const receipt = (packId: PackId, holderDeviceId: DeviceId, generation = 0): SignedStatement =>
    makeReceipt(seed, {
      ...{ packId, holderDeviceId, generation, sizeBytes: 10, vaultId: 'ab'.repeat(16) as never, atMs: 1 },
      ownerDeviceId: crypto.randomUUID() as DeviceId,
    });
  const all = async (book: ReceiptBook): Promise<{ cursor: number; receipt: SignedStatement }[]> => Array.fromAsync(book.entries());

  beforeAll(() => cryptoReady());
  beforeEach(() => {
    folder = mkdtempSync(join(memoryFolder(), 'holdfast-receipts-'));
    seed = newSigningKeyPair(systemRandom).secretKey.subarray(0, 32);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are the newest of each holder and pack, with the numbers that they came under, torn lines left out', async () => {
    const book = await ReceiptBook.open(nodeFiles, folder);
    expect(await all(book)).toEqual([]);
    const [old, renewed, other] = [receipt(pack(1), ben), receipt(pack(1), ben, 1), receipt(pack(1), chloe)];
    const receipts = [old, other, renewed].map((one, n) => ({ cursor: 10 + n, receipt: one }));
    await book.add({ receipts, nextCursor: 12 }, () => true);
    appendFileSync(join(folder, 'receipts.jsonl'), `${JSON.stringify({ cursor: 13, receipt: old }).slice(0, -9)}\n{}\n`);
    const again = await ReceiptBook.open(nodeFiles, folder);
    expect(await all(again)).toEqual([
      { cursor: 12, receipt: renewed },
      { cursor: 11, receipt: other },
    ]);
    expect(again.cursor).toBe(12);
  });
});
