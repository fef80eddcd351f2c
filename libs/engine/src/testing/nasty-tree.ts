import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { currentPlatform } from '../platform/index.ts';

/** A folder with everything that is awkward to back up. */
export function makeNastyTree(root: string, seed = 1, options: { readonly deep?: boolean } = {}): void {
  const platform = currentPlatform();
  const bytes = seededBytes(seed);
  const raw = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), name]);
  fs.mkdirSync(root, { recursive: true });
  fs.writeFileSync(join(root, 'empty'), '');
  fs.writeFileSync(join(root, 'small.txt'), 'hello\n'.repeat(100));
  fs.writeFileSync(join(root, 'binary'), bytes(300_000));
  fs.writeFileSync(join(root, 'several chunks'), bytes(6_000_000));
  fs.writeFileSync(join(root, 'zeros'), Buffer.alloc(3_000_000));
  fs.writeFileSync(join(root, 'new\nline'), 'x');
  fs.writeFileSync(join(root, '-rf'), 'y');
  fs.writeFileSync(join(root, ' '), 'z');
  fs.writeFileSync(join(root, 'ünï€ödé'), 'u');
  fs.writeFileSync(raw(Buffer.from([0xff, 0xfe, 0x80])), 'not UTF-8');
  fs.mkdirSync(raw(Buffer.from([0x64, 0xc3, 0x28])));
  fs.writeFileSync(raw(Buffer.from([0x64, 0xc3, 0x28, 0x2f, 0xa0])), 'below a name that is not UTF-8');
  fs.writeFileSync(join(root, 'n'.repeat(255)), 'long name');

  fs.mkdirSync(join(root, 'links'));
  fs.writeFileSync(join(root, 'links', 'one'), bytes(5_000));
  fs.linkSync(join(root, 'links', 'one'), join(root, 'links', 'two'));
  fs.linkSync(join(root, 'links', 'one'), join(root, 'another name'));
  fs.symlinkSync('one', join(root, 'links', 'relative'));
  fs.symlinkSync('/nowhere/at/all', join(root, 'links', 'dangling'));
  fs.symlinkSync('..', join(root, 'links', 'up'));
  fs.symlinkSync(Buffer.from([0xff, 0x2f, 0xfe]), join(root, 'links', 'odd target'));

  const sparse = fs.openSync(join(root, 'sparse'), 'w');
  fs.ftruncateSync(sparse, 40 * 1024 * 1024);
  fs.writeSync(sparse, bytes(70_000), 0, 70_000, 5 * 1024 * 1024);
  fs.writeSync(sparse, bytes(4_096), 0, 4_096, 30 * 1024 * 1024);
  fs.closeSync(sparse);
  fs.writeFileSync(join(root, 'all hole'), '');
  fs.truncateSync(join(root, 'all hole'), 1024 * 1024);
  execFileSync('mkfifo', ['-m', '640', join(root, 'fifo')]);

  fs.mkdirSync(join(root, 'empty folder'));
  if (options.deep !== false) makeDeepFolders(root);

  const attribute = (path: string, name: string, value: Buffer): void =>
    void platform.setExtendedAttribute(Buffer.from(path), { name: Buffer.from(name), value });
  attribute(join(root, 'small.txt'), 'user.comment', Buffer.from([0, 1, 2, 255]));
  attribute(join(root, 'small.txt'), 'user.empty', Buffer.alloc(0));
  attribute(join(root, 'empty folder'), 'user.on.folder', bytes(2_000));

  fs.mkdirSync(join(root, 'modes'));
  for (const mode of [0o600, 0o444, 0o777, 0o4711, 0o2750, 0o400]) {
    fs.writeFileSync(join(root, 'modes', mode.toString(8)), mode.toString(8));
    fs.chmodSync(join(root, 'modes', mode.toString(8)), mode);
  }
  fs.chmodSync(join(root, 'modes'), 0o1777);
  let ns = 1_500_000_000_123_456_789n;
  for (const name of ['links/dangling', 'small.txt', 'fifo', 'sparse', 'empty folder', 'modes', 'links'])
    platform.setTimes(Buffer.from(join(root, name)), (ns += 1_000_000_001n));
  platform.setTimes(Buffer.from(join(root, 'empty')), -1_234_567_891n);
}

/** Bytes that nobody can compress, the same for the same seed, fast. */
export function seededBytes(seed: number): (length: number) => Buffer {
  const key = Buffer.alloc(32);
  key.writeUInt32LE(seed);
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (length) => stream.update(Buffer.alloc(length));
}

/** Deeper than PATH_MAX: most tools can't even copy it. */
function makeDeepFolders(root: string): void {
  const platform = currentPlatform();
  let deep = Buffer.from(join(root, 'deep'));
  platform.makeFolder(deep, 0o755);
  for (let i = 0; i < 30; i += 1) {
    deep = Buffer.from(platform.join(deep, Buffer.from(`level ${i} ${'x'.repeat(150)}`)));
    platform.makeFolder(deep, 0o755);
  }
  const bottom = platform.create(platform.join(deep, Buffer.from('bottom')));
  bottom.write(Buffer.from('deeper than PATH_MAX'), 0);
  bottom.close();
}
