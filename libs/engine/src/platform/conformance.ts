import { expect, it } from '@jest/globals';
import { pageAligned, pageBytes } from '#libs/kernel/page-aligned';
import type { Platform } from './platform.ts';

/** What every adapter does on its own system. `folder` gives a fresh empty one. */
export function platformConformance(platform: Platform, makeFolder: () => Promise<Buffer>): void {
  const can = platform.capabilities;
  const write = (path: Buffer, text: string): void => {
    const file = platform.create(path);
    file.write(Buffer.from(text), 0);
    file.close();
  };
  const read = (path: Buffer): string => {
    const file = platform.openToRead(path);
    try {
      const into = Buffer.alloc(file.facts().sizeBytes);
      expect(file.read(into, 0)).toBe(into.length);
      return into.toString();
    } finally {
      file.close();
    }
  };
  const in_ = (folder: Buffer, name: string | Buffer): Buffer => platform.join(folder, Buffer.from(name));
  const code = (call: () => unknown): string | undefined => {
    try {
      call();
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('creates, reads, renames and removes files, and lists names', async () => {
    const folder = await makeFolder();
    write(in_(folder, 'a'), 'hello');
    expect(code(() => platform.create(in_(folder, 'a')))).toBe('file_exists');
    platform.rename(in_(folder, 'a'), in_(folder, 'b'));
    expect(read(in_(folder, 'b'))).toBe('hello');
    platform.makeFolder(in_(folder, 'c'), 0o755);
    for (const names of [await platform.names(folder), platform.namesNow(folder)]) expect(names.map(String).sort()).toEqual(['b', 'c']);
    expect(await platform.factsLater(in_(folder, 'b'))).toEqual(platform.facts(in_(folder, 'b')));
    expect(platform.facts(in_(folder, 'b'))).toMatchObject({ kind: 'file', sizeBytes: 5, links: 1 });
    expect(platform.facts(in_(folder, 'c')).kind).toBe('directory');
    platform.remove(in_(folder, 'b'), 'file');
    platform.remove(in_(folder, 'b'), 'file');
    platform.remove(in_(folder, 'c'), 'folder');
    expect(platform.factsIfAny(in_(folder, 'b'))).toBeUndefined();
    expect(code(() => platform.facts(in_(folder, 'b')))).toBe('file_not_found');
    await expect(platform.names(in_(folder, 'b'))).rejects.toMatchObject({ code: 'file_not_found' });
    expect(code(() => platform.namesNow(in_(folder, 'b')))).toBe('file_not_found');
    await expect(platform.factsLater(in_(folder, 'b'))).rejects.toMatchObject({ code: 'file_not_found' });
  });

  it('writes in the background, wherever and from wherever it is, beside writes of the usual kind', async () => {
    const path = in_(await makeFolder(), 'a');
    const memory = pageAligned(40 * pageBytes);
    for (let i = 0; i < memory.length; i += 1) memory[i] = i % 251;
    // Nothing to be seen of it.
    platform.preferLargePages?.(memory);
    expect(memory.every((byte, i) => byte === i % 251)).toBe(true);
    const wanted = Buffer.alloc(40 * pageBytes);
    const file = platform.create(path);
    try {
      file.truncate(wanted.length);
      const put = async (from: number, length: number, position: number): Promise<void> => {
        await file.writeLater(memory.subarray(from, from + length), position);
        wanted.set(memory.subarray(from, from + length), position);
      };
      file.write(memory.subarray(0, pageBytes + 7), 0);
      wanted.set(memory.subarray(0, pageBytes + 7));
      await put(0, 3 * pageBytes, pageBytes);
      await put(pageBytes + 100, 2 * pageBytes, 5 * pageBytes + 100);
      await put(pageBytes + 100, 50, 9 * pageBytes + 100);
      await put(pageBytes + 4000, 96 + 2 * pageBytes + 1, 11 * pageBytes + 4000);
      await put(17, 3 * pageBytes, 16 * pageBytes + 3);
      await put(5, 0, 3);
      await Promise.all([
        put(0, 8 * pageBytes + 5, 20 * pageBytes),
        put(5, 2 * pageBytes - 5, 28 * pageBytes + 5),
        put(7, 9, 31 * pageBytes),
      ]);
      file.sync();
      const into = Buffer.alloc(wanted.length);
      expect(file.read(into, 0)).toBe(into.length);
      expect(into.equals(wanted)).toBe(true);
    } finally {
      file.close();
    }
    const readOnly = platform.openToRead(path);
    await expect(readOnly.writeLater(memory, 0)).rejects.toMatchObject({ message: expect.stringContaining(path.toString()) });
    readOnly.close();
  });

  it('writes into a folder that is held, whatever its path leads to by then', async () => {
    const folder = await makeFolder();
    const [sub, moved] = [in_(folder, 'sub'), in_(folder, 'moved')];
    platform.makeFolder(sub, 0o700);
    write(in_(folder, 'file'), '');
    expect(code(() => platform.holdFolder(in_(folder, 'file')))).toBe('not_a_folder');
    expect(code(() => platform.holdFolder(moved))).toBe('file_not_found');
    const held = platform.holdFolder(sub);
    try {
      expect(held.facts).toMatchObject({ kind: 'directory', inode: platform.facts(sub).inode });
      const file = held.create(Buffer.from('a'));
      file.write(Buffer.from('hel'), 0);
      file.close();
      expect(code(() => held.create(Buffer.from('a')))).toBe('file_exists');
      const again = held.openToWrite(Buffer.from('a'));
      again.write(Buffer.from('lo'), 3);
      if (can.ownership) expect(again.owner()).toMatchObject({ uid: process.geteuid!(), gid: platform.facts(in_(sub, 'a')).gid });
      if (can.ownership) expect(again.setOwner(process.geteuid!(), platform.facts(in_(sub, 'a')).gid)).toBe('done');
      expect(again.setTimes(-1_500_000_001n)).toBe('done');
      again.close();
      if (can.nanosecondTimes) expect(platform.facts(in_(sub, 'a')).mtimeNs).toBe(-1_500_000_001n);
      held.rename(Buffer.from('a'), Buffer.from('b'));
      expect(read(in_(sub, 'b'))).toBe('hello');
      expect(held.isThere()).toBe(true);
      // A message names the path that a person knows.
      expect(() => held.openToWrite(Buffer.from('gone'))).toThrow(in_(sub, 'gone').toString());

      platform.rename(sub, moved);
      expect(held.isThere()).toBe(false);
      platform.makeFolder(sub, 0o700);
      expect(held.isThere()).toBe(false);
      expect([undefined, 'symlink_in_path']).toContain(code(() => held.create(Buffer.from('c')).close()));
      expect(await platform.names(sub)).toEqual([]);
      held.remove(Buffer.from('b'));
      held.remove(Buffer.from('b'));
    } finally {
      held.close();
    }
    platform.remove(sub, 'folder');
    platform.symlink(Buffer.from('moved'), sub);
    expect(code(() => platform.holdFolder(sub))).toBe('not_a_folder');
  });

  it('makes a file whole in a folder that is held, or says that it can not', async () => {
    const folder = await makeFolder();
    const held = platform.holdFolder(folder);
    try {
      if (!held.placeWhole) return;
      const bytes = Buffer.from('all of it');
      for (const [i, mode] of [0o644, 0o600, 0o666, 0o777, 0o000, 0o444, 0o070].entries()) {
        const name = Buffer.from([0x61 + i, 0xff]);
        expect(held.placeWhole(name, bytes, { mode, mtimeNs: -1_500_000_001n })).toBe('done');
        expect(platform.facts(in_(folder, name))).toMatchObject({
          kind: 'file',
          mode,
          links: 1,
          sizeBytes: bytes.length,
          mtimeNs: -1_500_000_001n,
        });
      }
      expect(read(in_(folder, Buffer.from([0x61, 0xff])))).toBe('all of it');
      const { uid, gid } = platform.facts(folder);
      const mine = { mode: 0o640, mtimeNs: 5n, owner: { uid, gid } };
      expect(held.placeWhole(Buffer.from('mine'), Buffer.alloc(0), mine)).toBe('done');
      if (platform.privileged) {
        expect(held.placeWhole(Buffer.from('given'), bytes, { ...mine, owner: { uid: 4242, gid: 4243 } })).toBe('done');
        expect(platform.facts(in_(folder, 'given'))).toMatchObject({ uid: 4242, gid: 4243, mode: 0o640 });
      }
      // What is there stays: a file, and a link that leads nowhere.
      write(in_(folder, 'there'), 'before');
      platform.symlink(Buffer.from('nowhere'), in_(folder, 'link'));
      for (const name of ['there', 'link']) expect(code(() => held.placeWhole!(Buffer.from(name), bytes, mine))).toBe('file_exists');
      expect(read(in_(folder, 'there'))).toBe('before');
      expect(platform.facts(in_(folder, 'link')).kind).toBe('symlink');
      expect((await platform.names(folder)).filter((name) => name.includes('holdfast'))).toEqual([]);
      // What the system refuses for any other reason is left to the usual way, which says so: here and from then on.
      expect(held.placeWhole(Buffer.alloc(256, 'n'), bytes, mine)).toBe('unsupported');
      expect(held.placeWhole(Buffer.from('later'), bytes, mine)).toBe('unsupported');
    } finally {
      held.close();
    }
  });

  it('splits and joins absolute paths', async () => {
    const folder = await makeFolder();
    const path = in_(in_(folder, 'x y'), 'z');
    expect(platform.fromParts(platform.split(path))).toEqual(path);
    expect(platform.absolute(path.toString())).toEqual(path);
  });

  it('refuses names that lead elsewhere', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\0b']) expect(platform.nameProblem(Buffer.from(name))).toBeDefined();
    for (const name of ['a', '...', '.hidden', 'ä ö']) expect(platform.nameProblem(Buffer.from(name))).toBeUndefined();
  });

  it('keeps hard links and symbolic links apart from what they name', async () => {
    const folder = await makeFolder();
    write(in_(folder, 'a'), 'same');
    platform.hardLink(in_(folder, 'a'), in_(folder, 'b'));
    expect(platform.facts(in_(folder, 'b'))).toMatchObject({ links: 2, inode: platform.facts(in_(folder, 'a')).inode });
    platform.symlink(Buffer.from('a'), in_(folder, 'l'));
    expect(platform.facts(in_(folder, 'l')).kind).toBe('symlink');
    expect(platform.linkTarget(in_(folder, 'l')).toString()).toBe('a');
    if (platform.name !== 'windows') {
      expect(code(() => platform.openToRead(in_(folder, 'l')))).toBe('symlink_in_path');
      expect(code(() => platform.setMode(in_(folder, 'l'), 0o777))).toBe('symlink_in_path');
    }
  });

  it('sets modification times', async () => {
    const folder = await makeFolder();
    write(in_(folder, 'a'), '');
    platform.symlink(Buffer.from('gone'), in_(folder, 'l'));
    for (const mtimeNs of [1_700_000_000_987_654_321n, 0n, -1_500_000_001n]) {
      for (const name of ['a', ...(can.symlinkTimes ? ['l'] : [])]) {
        expect(platform.setTimes(in_(folder, name), mtimeNs)).toBe('done');
        const got = platform.facts(in_(folder, name)).mtimeNs;
        if (can.nanosecondTimes) expect(got).toBe(mtimeNs);
        else expect(Number(got - mtimeNs)).toBeLessThan(1_000_000);
      }
    }
  });

  it('keeps bytes of names as they are', async () => {
    const folder = await makeFolder();
    const name = can.arbitraryNames ? Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x6f]) : Buffer.from('fäo');
    write(in_(folder, name), 'x');
    expect(await platform.names(folder)).toEqual([name]);
    expect(platform.namesNow(folder)).toEqual([name]);
    expect(read(in_(folder, name))).toBe('x');
  });

  it('reaches deeper than the longest path', async () => {
    let folder = await makeFolder();
    const folders: Buffer[] = [];
    for (let i = 0; i < 45; i += 1) {
      folder = in_(folder, 'd'.repeat(200));
      platform.makeFolder(folder, 0o700);
      folders.push(folder);
      if (platform.name !== 'linux' && folder.length > 600) break;
    }
    write(in_(folder, 'deep'), 'down here');
    expect(read(in_(folder, 'deep'))).toBe('down here');
    for (const names of [await platform.names(folder), platform.namesNow(folder)]) expect(names.map(String)).toEqual(['deep']);
    expect(await platform.factsLater(in_(folder, 'deep'))).toEqual(platform.facts(in_(folder, 'deep')));
    platform.setTimes(in_(folder, 'deep'), 5n * 1_000_000_000n);
    expect(platform.facts(in_(folder, 'deep')).mtimeNs).toBe(5n * 1_000_000_000n);
    platform.rename(in_(folder, 'deep'), in_(folder, 'renamed'));
    platform.remove(in_(folder, 'renamed'), 'file');
    for (const path of folders.reverse()) platform.remove(path, 'folder');
  });

  it('tells data from holes, or says that it can not', async () => {
    const folder = await makeFolder();
    const file = platform.create(in_(folder, 's'));
    try {
      file.truncate(8 << 20);
      file.write(Buffer.alloc(4096, 1), 1 << 20);
      file.write(Buffer.alloc(4096, 1), 6 << 20);
      const ranges = file.dataRanges(8 << 20);
      if (!can.sparseFiles) expect(ranges).toBeUndefined();
      else
        expect(ranges).toEqual([
          { offset: 1 << 20, length: 4096 },
          { offset: 6 << 20, length: 4096 },
        ]);
    } finally {
      file.close();
    }
    const hole = platform.create(in_(folder, 'h'));
    hole.truncate(1 << 20);
    expect(hole.dataRanges(1 << 20)).toEqual(can.sparseFiles ? [] : undefined);
    hole.close();
  });

  it('takes room, shares blocks, tells what is free and makes all durable, or says that it can not', async () => {
    const folder = await makeFolder();
    const file = platform.create(in_(folder, 'a'));
    file.write(Buffer.from('here'), 0);
    if (file.preallocate(1 << 20) === 'done') expect(file.facts().allocatedBytes).toBeGreaterThanOrEqual(1 << 20);
    file.truncate(4);
    file.sync();
    file.forgetCached();
    file.close();
    expect(read(in_(folder, 'a'))).toBe('here');
    if (platform.clone(in_(folder, 'a'), in_(folder, 'b')) === 'done') {
      const changed = platform.openToWrite(in_(folder, 'b'));
      changed.write(Buffer.from('T'), 0);
      changed.close();
      expect(read(in_(folder, 'b'))).toBe('Tere');
    } else expect(platform.factsIfAny(in_(folder, 'b'))).toBeUndefined();
    expect(read(in_(folder, 'a'))).toBe('here');
    expect(code(() => platform.clone(in_(folder, 'gone'), in_(folder, 'c')))).toMatch(/^(file_not_found|undefined)$/);
    expect(platform.freeBytes(folder)).toBeGreaterThan(0);
    expect(await platform.syncAll(folder)).toBe(can.syncAll ? 'done' : 'unsupported');
    for (const name of ['a', 'gone']) await platform.syncPath(in_(folder, name));
    await platform.syncPath(folder);
  });

  it('keeps extended attributes, or says that it can not', async () => {
    const folder = await makeFolder();
    write(in_(folder, 'a'), '');
    const attribute = { name: Buffer.from('user.holdfast'), value: Buffer.from([0, 1, 2, 255]) };
    const big = { name: Buffer.from('user.big'), value: Buffer.alloc(3000, 7) };
    const applied = platform.setExtendedAttribute(in_(folder, 'a'), attribute);
    expect(applied).toBe(can.extendedAttributes ? 'done' : 'unsupported');
    if (applied === 'unsupported') return expect(platform.extendedAttributes(in_(folder, 'a'))).toEqual([]);
    platform.setExtendedAttribute(in_(folder, 'a'), big);
    const found = platform.extendedAttributes(in_(folder, 'a')).sort((a, b) => Buffer.compare(a.name, b.name));
    expect(found.filter(({ name }) => name.toString().startsWith('user.'))).toEqual([big, attribute]);
    // Of the open file, whatever its name leads to by then.
    const file = platform.openToRead(in_(folder, 'a'));
    platform.rename(in_(folder, 'a'), in_(folder, 'b'));
    expect(file.extendedAttributes().sort((a, b) => Buffer.compare(a.name, b.name))).toEqual(found);
    file.close();
    platform.rename(in_(folder, 'b'), in_(folder, 'a'));
    platform.removeExtendedAttribute(in_(folder, 'a'), big.name);
    expect(platform.extendedAttributes(in_(folder, 'a')).some(({ name }) => name.equals(big.name))).toBe(false);
  });

  it('makes fifos, or says that it can not', async () => {
    const folder = await makeFolder();
    const applied = platform.fifo(in_(folder, 'p'), 0o640);
    expect(applied).toBe(can.fifos ? 'done' : 'unsupported');
    if (applied === 'unsupported') return;
    expect(platform.facts(in_(folder, 'p')).kind).toBe('fifo');
    // Opening one to read must not wait for a writer.
    const file = platform.openToRead(in_(folder, 'p'));
    expect(file.facts().kind).toBe('fifo');
    file.close();
  });

  it('sets modes with all their bits', async () => {
    if (platform.name === 'windows') return;
    const folder = await makeFolder();
    write(in_(folder, 'a'), '');
    for (const mode of [0o000, 0o444, 0o4755, 0o2755, 0o777]) {
      platform.setMode(in_(folder, 'a'), mode);
      expect(platform.facts(in_(folder, 'a')).mode).toBe(mode);
    }
  });

  it('locks a file once, until released', async () => {
    const path = in_(await makeFolder(), 'lock');
    const first = await platform.lock(path);
    expect(first).toBeDefined();
    expect(await platform.lock(path)).toBeUndefined();
    first!.release();
    const second = await platform.lock(path);
    expect(second).toBeDefined();
    second!.release();
  });

  it('knows the account that it runs as, both ways', () => {
    if (!can.ownership) return;
    const uid = process.getuid!();
    const name = platform.userName(uid);
    if (name !== undefined) expect(platform.userId(name)).toBe(uid);
    expect(platform.userName(4_000_000_000)).toBeUndefined();
    expect(platform.userId('nobody-has-this-name')).toBeUndefined();
  });
}
