import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { farMounts, farMountsIn, followNear } from './far-mounts.ts';

describe('far mounts', () => {
  it('are told from the kernel’s list by their kind', () => {
    const list = [
      '27 1 254:0 / / rw - fuse.overlay rootfs rw',
      '30 27 254:1 / /home rw,relatime shared:1 - ext4 /dev/sda2 rw',
      String.raw`36 27 0:30 / /mnt/the\040office rw shared:2 master:1 - nfs4 server:/export rw`,
      '37 27 0:300 / /home/ada/remote rw - fuse.sshfs ada@host:/ rw',
      '38 27 0:32 / /boot rw - autofs systemd-1 rw',
      '39 38 8:1 / /boot rw - vfat /dev/sda1 rw',
      'nonsense',
      '',
    ].join('\n');
    expect(farMountsIn(list)).toEqual([
      { point: '/mnt/the office', kind: 'nfs4', device: 30n },
      { point: '/home/ada/remote', kind: 'fuse.sshfs', device: 0x10002cn },
    ]);
  });

  it('are none where there is no such list', () => expect(farMounts('/nowhere')).toEqual([]));
});

describe('following a path', () => {
  const top = mkdtempSync(join(tmpdir(), 'holdfast-follow-'));
  mkdirSync(join(top, 'a', 'far', 'b'), { recursive: true });
  symlinkSync('a', join(top, 'relative'));
  symlinkSync(join(top, 'a', 'far', 'b'), join(top, 'absolute'));
  symlinkSync('../far', join(top, 'a', 'up'));
  symlinkSync('round', join(top, 'round'));
  const mount = { point: join(top, 'a', 'far'), kind: 'nfs', device: 1n };
  it.each<[string, string, boolean]>([
    ['a', 'a', false],
    ['a/farther', 'a/farther', false],
    ['a/not there/x', 'a/not there/x', false],
    ['relative', 'a', false],
    ['relative/../relative/./x', 'a/x', false],
    ['round', 'round', false],
    ['a/far', 'a/far', true],
    ['a/far/b/c', 'a/far', true],
    ['relative/far/../..', 'a/far', true],
    ['absolute/x', 'a/far', true],
    ['relative/up', 'far', false],
  ])('%s comes to %s', (path, to, far) => {
    expect(followNear(`${top}/${path}`, [mount])).toEqual({ path: join(top, to), far: far ? mount : undefined });
  });
  afterAll(() => rmSync(top, { recursive: true }));
});
