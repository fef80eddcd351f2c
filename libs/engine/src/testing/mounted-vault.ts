/**
 * A program of its own for tests: makes a vault in memory, shows it in the folder given, says `mounted` on a line, then one line for each thing that
 * could not be read; ends when its input does. In the process of a test it must not be: whoever looks into a mount that its own process serves may wait for
 * itself, and can't even be killed then.
 */
import { utf8 } from '#libs/kernel';
import { aVault } from '#libs/vault/testing';
import { mountSnapshots } from '../mount/fuse/mount-snapshots.ts';
import { mountedFiles } from './mounted-files.ts';

const { big, many, odd } = mountedFiles();
const vault = await aVault();
await vault.snapshot({ 'notes.txt': utf8('old') });
await vault.snapshot({
  'notes.txt': {
    '/entry': {
      ...{ mode: 0o640, uid: 1234, gid: 5678, mtimeNs: -1_500_000_001n },
      xattrs: [{ name: utf8('user.comment'), value: utf8('for the record') }],
    },
    '/content': utf8('hello'),
  },
  'big.bin': big,
  many: Object.fromEntries(many.map((name, n) => [name, utf8(String(n))])),
  sparse: {
    '/entry': { size: 1e12 },
    '/content': utf8('beginmiddle'),
    '/ranges': [
      { offset: 0, length: 5 },
      { offset: 5e11, length: 6 },
    ],
  },
  odd: { '/entry': { name: odd }, '/content': utf8('odd name') },
  'to notes': { '/entry': { type: 'symlink', linkTarget: utf8('notes.txt') } },
  one: { '/entry': { inode: 7n, device: 1n, links: 2 }, '/content': utf8('same') },
  two: { '/entry': { inode: 7n, device: 1n, links: 2 }, '/content': utf8('same') },
  fifo: { '/entry': { type: 'fifo' } },
  unreadable: { '/entry': { error: 'EACCES', size: 10 } },
});
await vault.snapshot({ only: utf8('this') }, { path: '/srv', adHoc: true });

const mount = await mountSnapshots({ reader: await vault.open(), folder: process.argv[2]!, onError: (message) => console.log(message) });
console.log('mounted');
process.stdin.resume().once('end', () => void mount.close());
await mount.ended;
console.log('ended');
process.exit();
