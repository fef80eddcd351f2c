import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { windowsNameProblem } from '#libs/vault';
import { backup, currentPlatform, type LocalVault, type Platform, restore, type RestoreOptions } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { foldingPlatform } from '../testing/folding-platform.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { apart, nameKey, portableName } from './portable-name.ts';

jest.setTimeout(60_000);

describe('portable names', () => {
  it.each([
    ['report.odt', 'report.odt'],
    ['a:b', 'a%3Ab'],
    ['cur:2,S', 'cur%3A2,S'],
    ['notes.', 'notes%2E'],
    ['two ', 'two%20'],
    ['...', '..%2E'],
    ['CON', '%43ON'],
    ['aux.txt', '%61ux.txt'],
    ['lpt1.tar.gz', '%6Cpt1.tar.gz'],
    ['con .txt', '%63on .txt'],
    ['tab\there', 'tab%09here'],
    ['"<>|?*\\', '%22%3C%3E%7C%3F%2A%5C'],
    ['é?', 'é%3F'],
    ['100% sure', '100% sure'],
  ])('%j is called %j', (name, portable) => expect(portableName(Buffer.from(name)).toString()).toBe(portable));

  it('what is no text is written byte by byte', () =>
    expect(portableName(Buffer.from([0x61, 0xff, 0xc3, 0x3a])).toString()).toBe('a%FF%C3%3A'));

  it('are names that Windows can have, the same every time, and of no two names the same where neither has a %', () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((one) => one !== 0x2f && one !== 0x25);
    const name = fc.oneof(
      fc.array(byte, { minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('aux', 'con.x', 'COM1', 'a.', 'b ', 'x:y', 'nul. ', 'é.').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(windowsNameProblem(portableName(a))).toBeUndefined();
        expect(portableName(portableName(a))).toEqual(portableName(a));
        if (!a.equals(b)) expect(portableName(a)).not.toEqual(portableName(b));
      }),
    );
  });

  it('other spellings have one key only where they are one name', () => {
    const key = (name: string, foldsCase: boolean, foldsForms: boolean): string => nameKey(Buffer.from(name), { foldsCase, foldsForms });
    expect(key('README', true, false)).toBe(key('ReadMe', true, false));
    expect(key('README', false, true)).not.toBe(key('ReadMe', false, true));
    expect(key('é', false, true)).toBe(key('e\u0301', false, true));
    expect(key('é', true, false)).not.toBe(key('e\u0301', true, false));
    expect(key('É', true, true)).toBe(key('e\u0301', true, true));
    expect(key('STRASSE', true, false)).toBe(key('straße', true, false));
  });

  it('a mark keeps the extension, and the name short and whole', () => {
    expect(apart(Buffer.from('read.me.txt'), Buffer.from('Read.me.txt')).toString()).toMatch(/^read\.me~[0-9a-f]{6}\.txt$/);
    const long = apart(Buffer.from('é'.repeat(127)), Buffer.from('x'));
    expect(long.length).toBeLessThanOrEqual(255);
    expect(Buffer.from(long.toString())).toEqual(long);
  });
});

describe('restoring to where not all names can be', () => {
  const folder = temporaryFolders();
  let home: string;
  let source: string;
  let out: string;
  let fixture: VaultFixture;
  let vault: LocalVault;
  /** Name in the source → content. */
  const contents = new Map<string, string>();

  beforeEach(async () => {
    home = await folder('names');
    source = join(home, 'source');
    out = join(home, 'out');
    fs.mkdirSync(out);
    contents.clear();
    for (const name of ['Src/README', 'Src/ReadMe', 'Src/readme', 'src/readme', 'src/only', 'caf\u00e9', 'cafe\u0301', 'CAF\u00c9'])
      put(name);
    for (const name of ['a:b', 'a%3Ab', 'aux.txt', 'CON', 'dot.', 'space ', 'what?', 'plain']) put(name);
    fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
    vault = await fixture.create();
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
  });

  function put(name: string): void {
    contents.set(name, `content of ${name}`);
    const path = join(source, name);
    fs.mkdirSync(join(path, '..'), { recursive: true });
    fs.writeFileSync(path, contents.get(name)!);
  }

  const run = async (to: string, options: Partial<RestoreOptions> = {}) =>
    restore({ ...(await fixture.reader(vault)), to, conflict: 'overwrite', ...options });

  /** Path → content of all files that are there. */
  function found(to: string, root = source): Map<string, string> {
    const all = new Map<string, string>();
    const top = join(to, root);
    for (const entry of fs.readdirSync(top, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const path = join(entry.parentPath, entry.name);
        all.set(path.slice(top.length + 1), fs.readFileSync(path, 'utf8'));
      }
    return all;
  }

  async function expectEverythingOnce(to: string, platform: Platform): Promise<Map<string, string>> {
    const report = await run(to, { platform });
    expect(report.errors).toEqual([]);
    expect(report.files).toBe(contents.size);
    const first = found(to);
    expect([...first.values()].sort()).toEqual([...contents.values()].sort());
    // Whoever runs it again finds it as it is, under the same names, and reads of them again.
    for (const conflict of ['overwrite', 'keep-both', 'skip'] as const) {
      const again = await run(to, { platform, conflict });
      expect(again).toMatchObject({ errors: [], files: 0 });
      expect(again.notes.filter(({ code }) => code === 'renamed')).toEqual(report.notes.filter(({ code }) => code === 'renamed'));
      expect(found(to)).toEqual(first);
    }
    return first;
  }

  it('keeps every name where all can be', async () => {
    const report = await run(out);
    expect(report.notes).toEqual([]);
    expect(found(out)).toEqual(contents);
    expect(fs.readdirSync(out)).toEqual([source.split('/')[1]]);
  });

  it('by case: the first keeps its spelling, each other is marked, nothing is lost', async () => {
    const there = await expectEverythingOnce(out, foldingPlatform(currentPlatform(), out, { foldsCase: true, foldsForms: false }));
    expect(there.get('Src/README')).toBe('content of Src/README');
    const names = [...there.keys()].map((name) => name.replaceAll(/~[0-9a-f]{6}/g, '~')).sort();
    expect(names.filter((name) => /^src/i.test(name))).toEqual(['Src/README', 'Src/ReadMe~', 'Src/readme~', 'src~/only', 'src~/readme']);
    expect(there.get('a:b')).toBe('content of a:b');
    // With and without composed accents are two names there.
    expect(names.filter((name) => /^caf/i.test(name))).toHaveLength(3);
    expect(names.filter((name) => name.startsWith('caf') && !name.includes('~'))).toHaveLength(1);
  });

  it('by case and by form of accents', async () => {
    const there = await expectEverythingOnce(out, foldingPlatform(currentPlatform(), out, { foldsCase: true, foldsForms: true }));
    expect([...there.keys()].filter((name) => /^caf/i.test(name) && !name.includes('~'))).toHaveLength(1);
  });

  it('where Windows names only can be', async () => {
    const rules = { foldsCase: true, foldsForms: false, windowsNames: true };
    const there = await expectEverythingOnce(out, foldingPlatform(currentPlatform(), out, rules));
    expect(there.get('%61ux.txt')).toBe('content of aux.txt');
    expect(there.get('%43ON')).toBe('content of CON');
    expect(there.get('dot%2E')).toBe('content of dot.');
    expect(there.get('space%20')).toBe('content of space ');
    expect(there.get('a%3Ab')).toBe('content of a%3Ab');
    expect([...there].filter(([name]) => name.startsWith('a%3Ab~')).map(([, content]) => content)).toEqual(['content of a:b']);
  });

  it('two chosen paths that are one name there, and one that was there already', async () => {
    const platform = foldingPlatform(currentPlatform(), out, { foldsCase: true, foldsForms: false });
    const paths = ['README', 'readme'].map((name) => join(source, 'Src', name));
    const report = await run(out, { platform, paths });
    expect(report).toMatchObject({ errors: [], files: 2 });
    expect([...found(out).values()].sort()).toEqual(['content of Src/README', 'content of Src/readme']);
    // Somebody else's file under another spelling is never the one that is overwritten.
    const [only] = [join(out, source, 'src')].map((path) => join(path, 'ONLY'));
    fs.rmSync(join(out, source), { recursive: true });
    fs.mkdirSync(join(only!, '..'), { recursive: true });
    fs.writeFileSync(only!, 'theirs');
    expect(await run(out, { platform, paths: [join(source, 'src', 'only')] })).toMatchObject({ errors: [], files: 1 });
    expect(fs.readFileSync(only!, 'utf8')).toBe('theirs');
    expect([...found(out).values()].sort()).toEqual(['content of src/only', 'theirs']);
  });

  const withExfat = mayMount() && (hasExfatTools() || process.env['CI']) ? it : it.skip;
  withExfat('on a real exFAT file system', async () => {
    const disk = exfatDisk(join(home, 'disk'), join(home, 'image'));
    try {
      const there = await expectEverythingOnce(disk.path, currentPlatform());
      expect(there.get('%61ux.txt')).toBe('content of aux.txt');
      expect(there.get('Src/README')).toBe('content of Src/README');
      expect(there.get('plain')).toBe('content of plain');
    } finally {
      disk.remove();
    }
  });
});

function mayMount(): boolean {
  return process.getuid?.() === 0 && fs.existsSync('/dev/fuse');
}

/** Of Debian's packages exfatprogs, exfat-fuse and mount. */
function hasExfatTools(): boolean {
  return ['/usr/sbin/mkfs.exfat', '/usr/sbin/mount.exfat-fuse', '/usr/sbin/losetup'].every((tool) => fs.existsSync(tool));
}

/** An image of its own, mounted at `path`. */
function exfatDisk(path: string, image: string): { readonly path: string; remove(): void } {
  const quiet = { stdio: 'pipe' } as const;
  fs.mkdirSync(path);
  fs.closeSync(fs.openSync(image, 'w'));
  fs.truncateSync(image, 16 * 1024 * 1024);
  execFileSync('mkfs.exfat', [image], quiet);
  const device = execFileSync('losetup', ['-f', '--show', image], quiet).toString().trim();
  execFileSync('mount.exfat-fuse', [device, path], quiet);
  return {
    path,
    remove: () => {
      execFileSync('umount', [path], quiet);
      execFileSync('losetup', ['-d', device], quiet);
    },
  };
}
