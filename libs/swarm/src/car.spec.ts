import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CarReader, CarWriter } from '@ipld/car';
import { CID } from 'multiformats/cid';
import { exportCar, importCar } from './car.ts';
import { FilePackStore } from './pack-store/file-pack-store.ts';
import { pathOf } from './pack-store/paths.ts';
import { aFolder, aPack } from './testing/builders.ts';

const MiB = 1024 * 1024;
const pack = aPack(2 * MiB + 9);

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
async function* pieces(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('packs as CAR', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let from: FilePackStore;
  let to: FilePackStore;
  beforeEach(async () => {
    ({ path: folder, remove } = await aFolder());
    from = await FilePackStore.open(join(folder, 'from'));
    to = await FilePackStore.open(join(folder, 'to'));
    await from.put(pack);
  });
  afterEach(() => remove());

  it('what is exported is a CAR that others read, and imports to the same pack', async () => {
    const car = await gather(exportCar(from, pack.packId));
    const reader = await CarReader.fromBytes(car);
    expect((await reader.getRoots()).map(String)).toEqual([pack.packId]);
    expect(Buffer.from((await reader.get(CID.parse(pack.packId)))!.bytes).equals(pack.rootBlock)).toBe(true);
    let blocks = 0;
    for await (const _ of reader.blocks()) blocks += 1;
    expect(blocks).toBe(4);
    expect(await importCar(to, pieces(car, 70_001))).toEqual({ packId: pack.packId, sizeBytes: pack.sizeBytes });
    expect(await to.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
    expect((await gather(createReadStream(pathOf(to.folder, pack.packId, 'pack')))).equals(pack.bytes)).toBe(true);
  });

  it('takes the leaves of others in any order', async () => {
    const reader = await CarReader.fromBytes(await gather(exportCar(from, pack.packId)));
    const blocks = [];
    for await (const block of reader.blocks()) blocks.push(block);
    const { writer, out } = CarWriter.create([CID.parse(pack.packId)]);
    const car = gather(out);
    for (const block of [blocks[0]!, blocks[3]!, blocks[1]!, blocks[1]!, blocks[2]!]) await writer.put(block);
    await writer.close();
    await importCar(to, pieces(await car));
    expect(await to.has(pack.packId)).toBe(true);
  });

  it('stores nothing of a CAR that is not exactly one whole pack', async () => {
    const car = await gather(exportCar(from, pack.packId));
    const other = aPack(5);
    await from.put(other);
    const flip = (at: number): Buffer => {
      const copy = Buffer.from(car);
      copy[at]! ^= 1;
      return copy;
    };
    for (const [bytes, code] of [
      [car.subarray(0, car.length - 20), 'car_invalid'],
      [car.subarray(0, MiB + 300), 'car_invalid'],
      [flip(car.length - 5), 'pack_corrupt'],
      // In the root block, and in a CID.
      [flip(180), 'pack_corrupt'],
      [flip(80), 'car_invalid'],
      [Buffer.concat([car, (await gather(exportCar(from, other.packId))).subarray(59)]), 'car_invalid'],
      [Buffer.from('not a car at all, but long enough to be read as one'), 'car_invalid'],
      [Buffer.alloc(0), 'car_invalid'],
      // A section that claims 4 GiB.
      [Buffer.concat([car.subarray(0, 59), Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f), car.subarray(61, 400)]), 'car_invalid'],
    ] as const) {
      await expect(importCar(to, pieces(bytes))).rejects.toMatchObject({ code });
      expect(to.totals().packs).toBe(0);
      expect(await to.incoming()).toEqual([]);
    }
  });
});
