import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cryptoReady, signingKeyPairFromSeed } from '#libs/crypto';
import { type DeviceId, type PackId, toBase64Url, type VaultId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { makeReceipt } from '#libs/swarm';
import { memoryFolder } from '#libs/kernel/testing';
import { fetchReceipts } from './fetch-receipts.ts';
import { ReceiptBook } from './receipt-book.ts';

const device = (n: number): DeviceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
const packId = `b${'a'.repeat(58)}` as PackId;
const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const receiptOf = (n: number, seed = seedOf(n)) =>
  makeReceipt(seed, {
    ...{ packId, sizeBytes: 1000, vaultId: 'ab'.repeat(16) as VaultId, ownerDeviceId: device(0) },
    ...{ holderDeviceId: device(n), generation: 0, atMs: 1 },
  });

describe('receipts that are fetched', () => {
  let folder: string;
  let book: ReceiptBook;
  let listed: { cursor: number; receipt: ReturnType<typeof receiptOf> }[];
  let members: Set<number>;
  /** Who is in the roster once it is fetched anew. */
  let newest: Set<number>;
  let renewals: number;

  beforeAll(cryptoReady);
  beforeEach(async () => {
    folder = await mkdtemp(join(memoryFolder(), 'holdfast-receipts-'));
    book = await ReceiptBook.open(nodeFiles, folder);
    [members, newest, renewals] = [new Set([1]), new Set([1, 2]), 0];
    listed = [1, 2].map((n) => ({ cursor: n, receipt: receiptOf(n) }));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const fetch = (renew?: () => Promise<unknown>): Promise<number> => {
    const member = (id: DeviceId) => {
      const n = [...members].find((one) => device(one) === id);
      return n === undefined ? undefined : { signingKey: toBase64Url(signingKeyPairFromSeed(seedOf(n)).publicKey) };
    };
    const coordinator = {
      receipts: async (since: number) => {
        const receipts = listed.filter((one) => one.cursor > since);
        return { receipts, nextCursor: receipts.at(-1)?.cursor ?? since };
      },
    };
    const agent = { coordinator, roster: { member }, receipts: book, document: { deviceId: device(0) } };
    const renewRoster = async (): Promise<void> => {
      renewals += 1;
      members = newest;
    };
    return fetchReceipts(agent as never, new AbortController().signal, renew ?? renewRoster);
  };

  it('of a colleague that joined while this device slept are kept: the roster is fetched first', async () => {
    expect(await fetch()).toBe(2);
    expect(book.holdersOf(packId).toSorted()).toEqual([1, 2].map(device));
    expect(renewals).toBe(1);
  });

  it('are not passed over when the roster can not be fetched', async () => {
    await expect(fetch(() => Promise.reject(new Error('the line broke')))).rejects.toThrow('the line broke');
    expect(book.cursor).toBe(0);
    expect(await fetch()).toBe(2);
  });

  it('cost no roster when everybody is known, and one when somebody is in none', async () => {
    listed = [{ cursor: 1, receipt: receiptOf(1) }];
    expect(await fetch()).toBe(1);
    expect(renewals).toBe(0);
    listed = [7, 8].map((n) => ({ cursor: n, receipt: receiptOf(n) }));
    expect(await fetch()).toBe(0);
    expect([renewals, book.cursor]).toEqual([1, 8]);
  });

  it('are kept only with their holder’s signature', async () => {
    listed = [{ cursor: 1, receipt: receiptOf(2, seedOf(9)) }];
    expect(await fetch()).toBe(0);
    expect(book.holdersOf(packId)).toEqual([]);
  });
});
