import { describe, expect, it } from '@jest/globals';
import { utf8 } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import { entryLine, itemOf } from './entry-item.ts';

const display = (name: Uint8Array): string => Buffer.from(name).toString();
const folder: TreeEntry = { name: utf8('a'), type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };

describe('what ls says', () => {
  it('of a folder above the backed-up ones: its name, and of the rest that it is not known', () => {
    const item = itemOf('/home', folder, display);
    expect(item).toMatchObject({ kind: 'directory', path: '/home', mode: null, owner: null, mtimeMs: null, mtimeNs: null });
    expect(entryLine(item).replaceAll(/ +/g, ' ')).toBe('- - 0 B - /home');
  });

  it('of a folder that was backed up, or could not be read: what it was, also when that is nobody and 1970', () => {
    for (const more of [{ tree: new Uint8Array(32) }, { error: 'EACCES' }]) {
      const item = itemOf('/home/ada', { ...folder, ...more }, display);
      expect(item).toMatchObject({ mode: 'drwxr-xr-x', owner: '0:0', mtimeMs: 0, mtimeNs: '0' });
    }
    expect(entryLine(itemOf('/home/ada', { ...folder, error: 'EACCES' }, display))).toMatch(
      /^drwxr-xr-x {2}0:0 .*\/home\/ada {2}\(not read: EACCES\)$/,
    );
  });

  it('in columns of one width', () => {
    const lines = [folder, { ...folder, tree: new Uint8Array(32) }].map((entry) => entryLine(itemOf('/home', entry, display)));
    expect(lines[0]!.indexOf('/home')).toBe(lines[1]!.indexOf('/home'));
  });
});
