import { beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { currentPlatform } from '../platform/index.ts';
import { fileError } from '../platform/system-error.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { ExcludeRules, matchableName } from './exclude-rules.ts';
import { NeverEntered } from './never-entered.ts';
import { FolderScanner, type ScanOptions } from './scan-folder.ts';

const folder = temporaryFolders();
const platform = currentPlatform();
let root: string;
beforeEach(async () => {
  root = await folder('scan');
});

function files(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (path.endsWith('/')) mkdirSync(join(root, path), { recursive: true });
    else writeFileSync(join(root, path), path);
  }
}

/** Every path that a walk with these options sees, folders with a slash. */
async function seen(options: ScanOptions = {}) {
  const scanner = new FolderScanner(platform, { defaultExcludes: false, ...options }, platform.facts(Buffer.from(root)).device);
  const paths: string[] = [];
  const notes: string[] = [];
  const problems: string[] = [];
  const visit = async (path: Buffer, below: string, rules: ExcludeRules): Promise<void> => {
    const scanned = await scanner.scan(path, below, rules);
    notes.push(...scanned.notes.map(({ code }) => code));
    problems.push(...scanned.problems.map(({ code }) => code));
    for (const { name, facts } of scanned.entries) {
      const inner = below === '' ? matchableName(name) : `${below}/${matchableName(name)}`;
      paths.push(facts.kind === 'directory' ? `${inner}/` : inner);
      if (facts.kind === 'directory') await visit(platform.join(path, name), inner, scanned.rules);
    }
  };
  await visit(Buffer.from(root), '', scanner.startRules());
  return { paths, notes, problems };
}

describe('exclude rules', () => {
  it.each<[string[], string[]]>([
    [['*.tmp'], ['a/', 'a/x.tmp.bak', 'keep']],
    [['/a/x.tmp'], ['a/', 'a/x.tmp.bak', 'keep', 'x.tmp']],
    [['a/'], ['keep', 'x.tmp']],
    [['*', '!keep'], ['keep']],
    [['**/x.*'], ['a/', 'keep']],
    [
      ['# comment', '', 'k?ep'],
      ['a/', 'a/x.tmp', 'a/x.tmp.bak', 'x.tmp'],
    ],
  ])('%j leave %j', async (excludes, expected) => {
    files('a/x.tmp', 'a/x.tmp.bak', 'x.tmp', 'keep');
    expect((await seen({ excludes })).paths).toEqual(expected);
  });

  it('of ignore files count from their folder, and inner ones win', async () => {
    files('a/b/log', 'a/b/other', 'a/log', 'log', 'a/only here', 'only here');
    writeFileSync(join(root, '.holdfastignore'), 'log\n');
    writeFileSync(join(root, 'a', '.holdfastignore'), '/only here\r\n!/b/log\n');
    expect((await seen()).paths).toEqual(['.holdfastignore', 'a/', 'a/.holdfastignore', 'a/b/', 'a/b/log', 'a/b/other', 'only here']);
    expect((await seen({ ignoreFiles: false })).paths).toContain('a/log');
  });

  it('tell names apart that are no UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), '');
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xfe])]), '');
    const { paths } = await seen();
    expect(new Set(paths).size).toBe(2);
    expect((await seen({ excludes: [paths[0]!] })).paths).toEqual([paths[1]]);
  });

  it('stay right when the matcher is renewed', () => {
    const rules = new ExcludeRules(['*.tmp']);
    for (let i = 0; i < 45_000; i += 1)
      if (rules.excludes(`file ${i}.tmp`, false) !== true || rules.excludes(`file ${i}`, false)) throw new Error(`wrong at ${i}`);
  });
});

describe('scan', () => {
  it('gives names in the order of their bytes', async () => {
    files('b', 'a.x', 'a/', 'B', 'ä', 'a-');
    expect((await seen()).paths).toEqual(['B', 'a/', 'a-', 'a.x', 'b', 'ä']);
  });

  it('leaves out caches by their tag, files that are too large, folders of ours', async () => {
    files('cache/big', 'not a cache/x', 'ours/head', 'small');
    writeFileSync(join(root, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n# more');
    writeFileSync(join(root, 'not a cache', 'CACHEDIR.TAG'), 'something else');
    writeFileSync(join(root, 'large'), Buffer.alloc(2000));
    const { paths, notes } = await seen({ maxFileBytes: 1000, neverEnter: [Buffer.from(join(root, 'ours'))] });
    expect(paths).toEqual(['cache/', 'cache/CACHEDIR.TAG', 'not a cache/', 'not a cache/CACHEDIR.TAG', 'not a cache/x', 'small']);
    expect(notes.sort()).toEqual(['cache_folder', 'too_large']);
    expect((await seen({ cacheFolders: false })).paths).toContain('cache/big');
  });

  it('leaves out folders of ours by whatever path it comes to them', async () => {
    files('ours/packs/x', 'other/y');
    const home = await folder('around');
    symlinkSync(root, join(home, 'around'));
    for (const ours of [join(home, 'around', 'ours'), join(root, 'ours')]) {
      expect((await seen({ neverEnter: [Buffer.from(ours)] })).paths).toEqual(['other/', 'other/y']);
      const never = new NeverEntered(currentPlatform(), [Buffer.from(ours)]);
      for (const path of [join(root, 'ours'), join(root, 'ours', 'packs'), join(home, 'around', 'ours', 'packs')])
        expect(never.covers(Buffer.from(path))).toBe(true);
      for (const path of [root, join(root, 'other'), `${join(root, 'ours')} too`, '/']) expect(never.covers(Buffer.from(path))).toBe(false);
    }
  });

  it('never follows a link, not even for rules', async () => {
    files('real/x');
    symlinkSync('real', join(root, 'link'));
    symlinkSync('/etc/passwd', join(root, '.holdfastignore'));
    const { paths, problems } = await seen();
    expect(paths).toEqual(['.holdfastignore', 'link', 'real/', 'real/x']);
    expect(problems).toEqual(['symlink_in_path']);
  });

  it('reads no fifo that poses as a rule file', async () => {
    execFileSync('mkfifo', [join(root, '.holdfastignore')]);
    files('x');
    expect((await seen()).paths).toEqual(['.holdfastignore', 'x']);
  });

  it('stays on one file system when told to', async () => {
    files('x');
    const other = mkdtempSync('/dev/shm/holdfast-scan-');
    try {
      const scanner = new FolderScanner(
        platform,
        { oneFileSystem: true, defaultExcludes: false },
        platform.facts(Buffer.from(other)).device + 1n,
      );
      mkdirSync(join(other, 'mounted'));
      const scanned = await scanner.scan(Buffer.from(other), '', scanner.startRules());
      expect(scanned.entries).toEqual([]);
      expect(scanned.notes).toEqual([expect.objectContaining({ code: 'other_file_system' })]);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('records a folder that it may not read and goes on', async () => {
    files('closed/x', 'open');
    const refuses = (path: Buffer): never => {
      throw fileError('EACCES', path);
    };
    const scanner = new FolderScanner(
      { ...platform, names: async (path) => refuses(path), namesNow: refuses },
      { defaultExcludes: false },
      0n,
    );
    for (const sizeBytes of [0, 4096]) {
      const scanned = await scanner.scan(Buffer.from(join(root, 'closed')), 'closed', scanner.startRules(), { sizeBytes });
      const problem = { path: join(root, 'closed'), code: 'access_denied' };
      expect(scanned).toMatchObject({ readable: false, entries: [], problems: [expect.objectContaining(problem)] });
    }
  });
});
