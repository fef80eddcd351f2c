import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { lstat, open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aVault } from '#libs/vault/testing';
import { describeWithMounts } from '../../testing/hanging-mounts.ts';
import { mountedFiles } from '../../testing/mounted-files.ts';
import { mountSnapshots } from './mount-snapshots.ts';

const run = promisify(execFile);
const { big, many, odd } = mountedFiles();
const fromSource = ['--conditions=holdfast-source', '--disable-warning=ExperimentalWarning'];

/** The snapshots of `mounted-vault.ts`, shown in a folder by another process. */
class Shown {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-mount-'));
  readonly process: ChildProcess;
  #said = '';

  private constructor() {
    const script = new URL('../../testing/mounted-vault.ts', import.meta.url).pathname;
    this.process = spawn(process.execPath, [...fromSource, script, this.folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.process.stdout!.on('data', (part: Buffer) => (this.#said += part.toString()));
  }

  static async start(): Promise<Shown> {
    const shown = new Shown();
    await shown.says('mounted\n');
    return shown;
  }

  get said(): string {
    return this.#said;
  }

  async says(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error(`it ended without saying ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(): Promise<void> {
    this.process.stdin!.end();
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
    rmdirSync(this.folder);
  }
}

describeWithMounts('snapshots as a file system', () => {
  let shown: Shown;
  let folder: string;
  beforeAll(async () => {
    shown = await Shown.start();
    folder = shown.folder;
  });
  afterAll(() => shown.end());
  const at = (...names: string[]): string => join(folder, 'latest/home/ann', ...names);

  it('has a folder for each snapshot, a link to the newest of everything, and the tag that backups look for', async () => {
    const names = (await readdir(folder)).sort();
    expect(names.map((name) => name.slice(0, 6))).toEqual(['00001 ', '00002 ', '00003 ', 'CACHED', 'latest']);
    expect(await readlink(join(folder, 'latest'))).toBe(names[1]);
    expect(await readFile(join(folder, 'CACHEDIR.TAG'), 'utf8')).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55\n/);
    expect(await readFile(join(folder, names[0]!, 'home/ann/notes.txt'), 'utf8')).toBe('old');
    expect(await readdir(join(folder, names[2]!, 'srv'))).toEqual(['only']);
    // Above the backed-up folders only names are known: the time is the snapshot's.
    const [snapshot, above] = await Promise.all(['latest', 'latest/home'].map((name) => stat(join(folder, name), { bigint: true })));
    expect(snapshot!.mtimeNs).toBeGreaterThan(0n);
    expect(above!.mtimeNs).toBe(snapshot!.mtimeNs);
    await expect(readdir(join(folder, '00009 nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives files their bytes: from start to end, backwards, from the middle, beside one another', async () => {
    expect(Buffer.compare(await readFile(at('big.bin')), big)).toBe(0);
    const file = await open(at('big.bin'));
    try {
      const piece = async (offset: number, length: number): Promise<Buffer> =>
        (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
      for (const offset of [3_400_000, 1_000_001, 0, 2_000_000, 1_900_000])
        expect(Buffer.compare(await piece(offset, 5000), big.subarray(offset, offset + 5000))).toBe(0);
      const ranges = Array.from({ length: 20 }, (_, n) => n * 170_000);
      const pieces = await Promise.all(ranges.map((offset) => piece(offset, 9000)));
      pieces.forEach((bytes, n) => expect(Buffer.compare(bytes, big.subarray(ranges[n], ranges[n]! + 9000))).toBe(0));
      expect((await file.read(Buffer.alloc(10), 0, 10, big.length)).bytesRead).toBe(0);
    } finally {
      await file.close();
    }
    await expect(open(at('notes.txt'), 'r+')).rejects.toMatchObject({ code: 'EROFS' });
  });

  it('shows modes, owners, times, links, several names of one file, attributes and holes', async () => {
    const facts = await lstat(at('notes.txt'), { bigint: true });
    expect(facts).toMatchObject({ mode: 0o100640n, uid: 1234n, gid: 5678n, size: 5n, mtimeNs: -1_500_000_001n });
    expect(await readlink(at('to notes'))).toBe('notes.txt');
    expect(await readFile(at('to notes'), 'utf8')).toBe('hello');
    expect((await lstat(at('fifo'))).isFIFO()).toBe(true);
    const [one, two] = await Promise.all(['one', 'two'].map((name) => lstat(at(name), { bigint: true })));
    expect([one!.ino, one!.nlink]).toEqual([two!.ino, 2n]);
    expect(one!.ino).not.toBe(facts.ino);
    const platform = new URL('../../platform/index.ts', import.meta.url).href;
    const script = `import { currentPlatform } from '${platform}';
      for (const { name, value } of currentPlatform().extendedAttributes(Buffer.from(process.argv[1]))) console.log(String(name), String(value));`;
    const options = [...fromSource, '--input-type=module', '-e', script];
    expect((await run(process.execPath, [...options, at('notes.txt')])).stdout).toBe('user.comment for the record\n');
    expect((await run(process.execPath, [...options, at('one')])).stdout).toBe('');
    const archive = await run('tar', ['--sparse', '--hole-detection=seek', '-cf', '-', '-C', at(), 'sparse'], { encoding: 'latin1' });
    expect(archive.stdout.length).toBeLessThan(50_000);
    expect(archive.stdout).toMatch(/begin\0*middle/);
    const held = await open(Buffer.concat([Buffer.from(`${at()}/`), odd]));
    expect(await held.readFile('utf8')).toBe('odd name');
    await held.close();
  });

  it('lists large folders whole, also from the start again, and forgets what the kernel forgets', async () => {
    const wanted = [...many].sort();
    expect((await readdir(at('many'))).sort()).toEqual(wanted);
    const { stdout } = await run('find', [at('many'), '-type', 'f', '-size', '-5c', '-printf', '%f\n'], { maxBuffer: 1e7 });
    expect(stdout.trim().split('\n').sort()).toEqual(wanted);
  });

  it('says EIO for what could not be captured, and what went wrong', async () => {
    await expect(readFile(at('unreadable'))).rejects.toMatchObject({ code: 'EIO' });
    await shown.says('EACCES');
  });

  it.each([
    ['a folder that is not there', '/nowhere/at/all', /nowhere/],
    ['a file', '/etc/hostname', /no folder/],
  ])('refuses %s with the words of the system', async (_, path, words) => {
    const vault = await aVault();
    await vault.snapshot({});
    await expect(mountSnapshots({ reader: await vault.open(), folder: path })).rejects.toMatchObject({
      code: 'mount_failed',
      message: expect.stringMatching(words),
    });
  });
});

describeWithMounts('the end of a mount', () => {
  let shown: Shown;
  beforeEach(async () => {
    shown = await Shown.start();
  });
  afterEach(() => shown.end());

  it('comes when its process ends, also while a file is open', async () => {
    const held = await open(join(shown.folder, 'latest/home/ann/notes.txt'));
    shown.process.stdin!.end();
    await once(shown.process, 'exit');
    expect(await readdir(shown.folder)).toEqual([]);
    await expect(held.close()).rejects.toMatchObject({ code: 'ENOTCONN' });
  });

  it('comes by the hand of others', async () => {
    await run('fusermount3', ['-u', shown.folder]);
    await shown.says('ended');
  });

  it('comes when its process is killed: nothing is left that hangs', async () => {
    shown.process.kill('SIGKILL');
    await once(shown.process, 'exit');
    await run('fusermount3', ['-u', '-z', '-q', shown.folder]).catch(() => undefined);
    expect(await readdir(shown.folder)).toEqual([]);
  });
});
