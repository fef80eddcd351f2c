import { utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { TestFolder } from './a-vault.ts';

/** What the golden vault holds: every type of entry, every form of content. Its bytes must never change. */
export function goldenTree(): TestFolder {
  const random = seededRandom(2026);
  const photo = random.bytes(60_000);
  return {
    'empty.txt': new Uint8Array(0),
    'notes.txt': utf8('Golden vault, format version 1.\n'.repeat(40)),
    'photo.raw': photo,
    'photo copy.raw': photo,
    'zeros.img': new Uint8Array(17 * 1024 * 1024),
    folder: { inner: { 'deep.txt': utf8('deep') }, 'empty folder': {} },
    many: Object.fromEntries(Array.from({ length: 4_500 }, (_, i) => [`file-${String(i).padStart(5, '0')}`, new Uint8Array(0)])),
    'not-utf8': { '/entry': { name: Uint8Array.of(0x6e, 0xe4, 0x6d, 0x65) }, '/content': utf8('latin-1 name') },
    sparse: {
      '/entry': { size: 10_000_000 },
      '/ranges': [
        { offset: 4_096, length: 5_000 },
        { offset: 9_000_000, length: 20_000 },
      ],
      '/content': random.bytes(25_000),
    },
    'all hole': { '/entry': { size: 1_000_000 }, '/ranges': [] },
    link: { '/entry': { type: 'symlink', mode: 0o777, linkTarget: utf8('notes.txt') } },
    pipe: { '/entry': { type: 'fifo', mode: 0o600 } },
    'a socket': { '/entry': { type: 'socket' } },
    'disk device': { '/entry': { type: 'block-device', rdev: 2049n } },
    'tty device': { '/entry': { type: 'char-device', rdev: 1024n } },
    hard1: { '/entry': { inode: 77n, device: 2049n, links: 2 }, '/content': utf8('one file, two names') },
    hard2: { '/entry': { inode: 77n, device: 2049n, links: 2 }, '/content': utf8('one file, two names') },
    attributes: {
      '/entry': {
        mode: 0o4755,
        xattrs: [
          { name: utf8('security.capability'), value: Uint8Array.of(1, 0, 0, 2) },
          { name: utf8('user.note'), value: utf8('hello') },
        ],
        ctimeNs: -1n,
        birthtimeNs: 1n,
        uid: 4_294_967_295,
        gid: 0,
      },
    },
    unreadable: { '/entry': { error: 'EACCES', size: 123 } },
    changing: { '/entry': { changedWhileRead: true }, '/content': utf8('changed while it was read') },
    locked: { '/entry': { type: 'directory', mode: 0o700, error: 'EACCES' } },
  };
}
