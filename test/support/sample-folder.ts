import { readdirSync } from 'node:fs';
import type { Platform } from '#libs/engine';

export interface SampleOptions {
  /** Small files besides the handful of nasty ones. */
  readonly smallFiles?: number;
  /** Bytes of the one large file that can't be compressed. */
  readonly largeFileBytes?: number;
}

/** Deterministic bytes that don't compress (xorshift32), so that two runs write the same sample. A whole number of words. */
export function incompressible(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  let x = seed >>> 0 || 1;
  for (let i = 0; i < words.length; i += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return bytes;
}

/**
 * Writes a folder such as a person has, with one of everything that backups get wrong: names that are not UTF-8, hard links,
 * a sparse file, extended attributes, a fifo, a dangling link, odd modes, nanosecond times, empty files and folders.
 * Two calls write the same content and metadata.
 */
export function writeSample(platform: Platform, folder: string, options: SampleOptions = {}): void {
  const root = platform.absolute(folder);
  const at = (...parts: (string | Buffer)[]): Buffer =>
    parts.reduce<Buffer>((path, part) => platform.join(path, Buffer.from(part as string)), root);
  const file = (path: Buffer, content: Uint8Array, mode = 0o644): void => {
    const open = platform.create(path);
    open.write(content, 0);
    open.close();
    platform.setMode(path, mode);
  };
  const text = (line: string, times: number): Buffer => Buffer.from(`${line}\n`.repeat(times));

  platform.makeFolder(root, 0o755);
  const folders = ['notes', 'photos', 'projects', 'odd'];
  for (const name of folders) platform.makeFolder(at(name), 0o755);
  for (let n = 0; n < (options.smallFiles ?? 200); n += 1) {
    const box = at('projects', `box-${String(n >> 8).padStart(4, '0')}`);
    if ((n & 255) === 0) platform.makeFolder(box, 0o755);
    file(platform.join(box, Buffer.from(`report-${n}.txt`)), text(`Report ${n}: all is well in the north tower.`, 1 + (n % 40)));
  }
  file(at('notes', 'todo.txt'), text('Try a restore before you need one.', 3));
  file(at('notes', 'log.txt'), text('2026-11-22T18:00:00Z nightly backup captured and protected', 40_000));
  file(at('photos', 'holiday.raw'), incompressible(options.largeFileBytes ?? 24 * 1024 * 1024, 7));
  file(at('photos', 'again.raw'), incompressible(3 * 1024 * 1024, 7));

  file(at('odd', 'empty'), new Uint8Array(0));
  file(at('odd', 'read-only.sh'), text('#!/bin/sh', 1), 0o555);
  file(at('odd', 'secret'), text('only for me', 1), 0o600);
  platform.makeFolder(at('odd', 'empty folder'), 0o700);
  file(at('odd', 'línea — 日本語 🧗.txt'), text('names are for people', 2));
  if (platform.capabilities.arbitraryNames)
    file(at('odd', Buffer.from([0x6e, 0x6f, 0x74, 0x2d, 0xff, 0xfe, 0x0a, 0x22])), text('a name that is not UTF-8', 1));
  platform.hardLink(at('notes', 'todo.txt'), at('odd', 'todo-hard-link.txt'));
  platform.symlink(Buffer.from('../notes/todo.txt'), at('odd', 'link'));
  platform.symlink(Buffer.from('/nowhere/at all'), at('odd', 'dangling'));
  platform.fifo(at('odd', 'fifo'), 0o640);
  const sparse = platform.create(at('odd', 'sparse.img'));
  sparse.write(Buffer.from('start'), 0);
  sparse.write(Buffer.from('middle'), 40 * 1024 * 1024);
  sparse.truncate(64 * 1024 * 1024);
  sparse.close();
  platform.setExtendedAttribute(at('notes', 'log.txt'), { name: Buffer.from('user.holdfast.sample'), value: Buffer.from([0, 1, 2, 255]) });
  setTimes(platform, root, 1_750_000_000_123_456_789n);
}

/** Gives everything below (and `folder` itself, last) a time of its own, to the nanosecond. */
function setTimes(platform: Platform, root: Buffer, startNs: bigint): void {
  let next = startNs;
  const walk = (path: Buffer): void => {
    const facts = platform.facts(path);
    if (facts.kind === 'directory') {
      for (const entry of namesSync(path)) walk(platform.join(path, entry));
    }
    next += 1_000_000_007n;
    platform.setTimes(path, next);
  };
  walk(root);
}

const namesSync = (folder: Buffer): Buffer[] => readdirSync(folder, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b));
