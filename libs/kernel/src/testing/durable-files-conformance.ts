import type { DurableFiles } from '../node/durable-files.ts';

/** What every implementation of {@link DurableFiles} must do. `make` gives a fresh one and an empty folder. */
export function durableFilesConformance(make: () => Promise<{ files: DurableFiles; folder: string }>): void {
  // Taken when called, so that this folder can also be imported by a plain Node script.
  const { expect, it } = globalThis as unknown as typeof import('@jest/globals');
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  const text = (data: Uint8Array): string => Buffer.from(data).toString();

  it('replaces a file as a whole, making its folders', async () => {
    const { files, folder } = await make();
    const path = `${folder}/a/b/state`;
    await files.replace(path, bytes('one '), bytes('two'));
    expect(text(await files.read(path))).toBe('one two');
    await files.replace(path, bytes('x'));
    expect(text(await files.read(path))).toBe('x');
    expect(await files.list(`${folder}/a/b`)).toEqual([{ name: 'state', kind: 'file' }]);
    expect(await files.list(folder)).toEqual([{ name: 'a', kind: 'folder' }]);
  });

  it('appends', async () => {
    const { files, folder } = await make();
    await files.append(`${folder}/log/journal`, bytes('ab'));
    await files.append(`${folder}/log/journal`, bytes('cd'));
    expect(text(await files.read(`${folder}/log/journal`))).toBe('abcd');
  });

  it('says file_not_found, undefined or empty for what is not there', async () => {
    const { files, folder } = await make();
    await expect(files.read(`${folder}/none`)).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(files.open(`${folder}/none`)).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(files.move(`${folder}/none`, `${folder}/x`)).rejects.toMatchObject({ code: 'file_not_found' });
    expect(await files.size(`${folder}/none`)).toBeUndefined();
    expect(await files.list(`${folder}/none`)).toEqual([]);
    await files.remove(`${folder}/none`);
    await files.sweep(`${folder}/none`);
  });

  it('refuses to read more than allowed', async () => {
    const { files, folder } = await make();
    await files.replace(`${folder}/big`, new Uint8Array(1001));
    await expect(files.read(`${folder}/big`, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'file_too_large' });
    expect(await files.read(`${folder}/big`, { maxBytes: 1001 })).toHaveLength(1001);
  });

  it('reads ranges, cut at the end of the file', async () => {
    const { files, folder } = await make();
    await files.replace(`${folder}/f`, bytes('0123456789'));
    const file = await files.open(`${folder}/f`);
    try {
      expect(file.sizeBytes).toBe(10);
      expect(text(await file.read(3, 4))).toBe('3456');
      expect(text(await file.read(8, 100))).toBe('89');
      expect(await file.read(50, 10)).toHaveLength(0);
      // Memory that is offered may be used or not, and what is cut off stays cut off.
      for (const offered of [new Uint8Array(100), new Uint8Array(2)]) expect(text(await file.read(7, 5, offered))).toBe('789');
    } finally {
      await file.close();
    }
  });

  it('writes piece by piece, closes, opens again and moves into place', async () => {
    const { files, folder } = await make();
    const first = await files.openWritable(`${folder}/parts/t`);
    await first.write(4, bytes('efgh'));
    await first.sync();
    await first.close();
    const again = await files.openWritable(`${folder}/parts/t`);
    expect(again.sizeBytes).toBe(8);
    await again.write(0, bytes('abcd'));
    expect(text(await again.read(0, 8))).toBe('abcdefgh');
    await again.sync();
    await again.close();
    await files.move(`${folder}/parts/t`, `${folder}/done/t`);
    expect(text(await files.read(`${folder}/done/t`))).toBe('abcdefgh');
    expect(await files.size(`${folder}/parts/t`)).toBeUndefined();
    await files.remove(`${folder}/done/t`);
    expect(await files.size(`${folder}/done/t`)).toBeUndefined();
  });
}
