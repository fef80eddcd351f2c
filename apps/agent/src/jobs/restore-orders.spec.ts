import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DurableFiles, FilesError, nodeFiles } from '#libs/kernel/node';
import { JsonFile } from '../home/json-file.ts';
import { RestoreOrders, restoreOrdersState } from './restore-orders.ts';

const day = 24 * 3_600_000;
const nowMs = 1_800_000_000_000;
const refusal = expect.objectContaining({ code: 'restore_refused' });

describe('restores that were ordered', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'holdfast-orders-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const path = (): string => join(folder, 'orders.json');
  /** As after a start: nothing is known but what is in the file. */
  const orders = (): RestoreOrders => new RestoreOrders(new JsonFile(nodeFiles, path(), restoreOrdersState));
  const restoreId = '10000000-0000-4000-8000-000000000001';
  const other = '10000000-0000-4000-8000-000000000002';
  const order = { orderId: 'one', orderedAtMs: nowMs, restoreId };
  const summary = { files: 1, holders: 'ben' };

  it('are carried out once, also after a start of the agent', async () => {
    for (let n = 0; n < 2; n += 1) expect(await orders().check(order, nowMs)).toBeUndefined();
    await orders().done(order, summary, nowMs);
    await expect(orders().check({ ...order, restoreId: other }, nowMs)).rejects.toEqual(refusal);
    expect(await orders().check({ ...order, orderId: 'two' }, nowMs)).toBeUndefined();
    // The end of it got lost on its way: it is said again, nothing is done.
    expect(await orders().check(order, nowMs)).toEqual(summary);
  });

  it('run out after a week, and are not taken from a day ahead', async () => {
    await orders().check(order, nowMs + 7 * day);
    await expect(orders().check(order, nowMs + 7 * day + 1)).rejects.toEqual(refusal);
    await orders().check(order, nowMs - day);
    await expect(orders().check(order, nowMs - day - 1)).rejects.toEqual(refusal);
  });

  it('are known, on a disk that one of them filled, as long as the process runs, and written when there is room', async () => {
    let full = true;
    const files: DurableFiles = {
      ...nodeFiles,
      replace: (to, ...parts) =>
        full ? Promise.reject(new FilesError('disk_full', 'no space left', { status: 'temporary' })) : nodeFiles.replace(to, ...parts),
    };
    const here = new RestoreOrders(new JsonFile(files, path(), restoreOrdersState));
    const second = { ...order, orderId: 'two' };
    for (const one of [order, second]) await expect(here.done(one, summary, nowMs)).rejects.toMatchObject({ code: 'disk_full' });
    for (const orderId of ['one', 'two']) await expect(here.check({ ...order, orderId, restoreId: other }, nowMs)).rejects.toEqual(refusal);
    expect(await here.check(order, nowMs)).toEqual(summary);
    expect(await orders().check(order, nowMs)).toBeUndefined();
    full = false;
    expect(await here.check({ ...order, orderId: 'three' }, nowMs)).toBeUndefined();
    // As after a start, and each once.
    for (const one of [order, second]) await expect(orders().check({ ...one, restoreId: other }, nowMs)).rejects.toEqual(refusal);
    await here.done({ ...order, orderId: 'three' }, summary, nowMs);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toHaveLength(3);
  });

  it('are forgotten once they would be refused for their age, not before', async () => {
    await orders().done(order, summary, nowMs);
    await orders().done({ orderId: 'two', orderedAtMs: nowMs + 8 * day, restoreId }, summary, nowMs + 8 * day);
    await expect(orders().check({ ...order, restoreId: other }, nowMs + 7 * day)).rejects.toEqual(refusal);
    await orders().done({ orderId: 'three', orderedAtMs: nowMs + 9 * day, restoreId }, summary, nowMs + 9 * day);
    expect(JSON.parse(readFileSync(path(), 'utf8')).map((kept: { orderId: string }) => kept.orderId)).toEqual(['two', 'three']);
  });
});
