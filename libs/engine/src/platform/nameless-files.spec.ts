import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namelessFiles } from './nameless-files.ts';
import { wholeFiles } from './whole-files.ts';

let home: string;
let folder: number;
beforeAll(() => {
  home = fs.mkdtempSync(join(tmpdir(), 'holdfast-nameless-'));
  folder = fs.openSync(home, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
});
afterAll(() => {
  fs.closeSync(folder);
  fs.rmSync(home, { recursive: true });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;

onLinux('files without a name', () => {
  it.each(['descriptor', 'proc'] as const)('get one by %s once they are whole, and are gone without it', (way) => {
    const files = namelessFiles(() => true, way);
    const before = descriptors();
    const fd = files.open(folder, 0o640) as number;
    expect(files.write(fd, Buffer.from('whole'))).toBeUndefined();
    expect(fs.readdirSync(home)).toEqual([]);
    expect(files.giveName(fd, folder, Buffer.from(way))).toBeUndefined();
    files.close(fd);
    expect(fs.readFileSync(join(home, way), 'utf8')).toBe('whole');
    const another = files.open(folder, 0o640) as number;
    expect(files.giveName(another, folder, Buffer.from(way))).toBe('EEXIST');
    expect(files.giveName(another, folder, Buffer.alloc(5000, 'n'))).toBe('ENAMETOOLONG');
    files.close(another);
    fs.rmSync(join(home, way));
    expect(fs.readdirSync(home)).toEqual([]);
    expect(descriptors()).toBe(before);
  });

  it('say what the system said', () => {
    const files = namelessFiles(() => true);
    const device = fs.openSync('/proc/self', fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    expect(typeof files.open(device, 0o600)).toBe('string');
    fs.closeSync(device);
    const full = fs.openSync('/dev/full', 'w');
    expect(files.write(full, Buffer.from('x'))).toBe('ENOSPC');
    fs.closeSync(full);
    expect(files.umask()).toBe(process.umask());
  });

  it.each([
    ['open', 'EOPNOTSUPP', 'unsupported'],
    ['giveName', 'EPERM', 'unsupported'],
    ['setTimes', 'EIO', 'unsupported'],
    ['write', 'EIO', 'unsupported'],
    ['write', 'ENOSPC', 'disk_full'],
    ['open', 'EDQUOT', 'disk_full'],
    ['giveName', 'EEXIST', 'file_exists'],
  ] as const)('where %s says %s: %s, nothing is left, and it is not tried again', (call, said, outcome) => {
    let opened = 0;
    const real = namelessFiles(() => true);
    const files = {
      ...real,
      open: (of: number, mode: number) => {
        opened += 1;
        return real.open(of, mode);
      },
      [call]: () => {
        opened += call === 'open' ? 1 : 0;
        return said;
      },
    };
    const before = descriptors();
    const place = wholeFiles(folder, files, (name) => Buffer.concat([Buffer.from('/shown/'), name]));
    const once = () => place(Buffer.from('a'), Buffer.from('bytes'), { mode: 0o600, mtimeNs: 0n });
    if (outcome === 'unsupported') {
      expect([once(), once()]).toEqual([outcome, outcome]);
      expect(opened).toBe(1);
    } else expect(once).toThrow(expect.objectContaining({ code: outcome, message: expect.stringContaining('/shown/a') }));
    expect(fs.readdirSync(home)).toEqual([]);
    expect(descriptors()).toBe(before);
  });

  it('have the mode that was asked for where the system gives another one', () => {
    const real = namelessFiles(() => true);
    for (const umask of [() => undefined, () => 0, () => 0o777]) {
      const place = wholeFiles(folder, { ...real, umask }, (name) => name);
      for (const mode of [0o666, 0o640, 0o000]) {
        expect(place(Buffer.from('a'), Buffer.alloc(0), { mode, mtimeNs: 0n })).toBe('done');
        expect(fs.statSync(join(home, 'a')).mode & 0o7777).toBe(mode);
        fs.rmSync(join(home, 'a'));
      }
    }
  });
});
