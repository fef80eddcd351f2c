import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Deterministic data sets. Sizes in bytes; the same arguments always write the same bytes. */

const MiB = 1024 * 1024;
const mixedFileBytes = 8 * MiB;

function generator(seed: number): (bytes: Uint8Array) => void {
  // Neighbouring seeds must not give related streams: xorshift alone would.
  let x = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  return (bytes) => {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    for (let i = 0; i < words.length; i += 1) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      words[i] = x;
    }
  };
}

function randomBytesOf(sizeBytes: number, seed: number): Buffer {
  const bytes = new Uint8Array((sizeBytes + 3) & ~3);
  generator(seed)(bytes);
  return Buffer.from(bytes.buffer, 0, sizeBytes);
}

function writeRandom(file: string, sizeBytes: number, seed: number): void {
  const next = generator(seed);
  const part = new Uint8Array(4 * MiB);
  const open = openSync(file, 'w');
  for (let left = sizeBytes; left > 0; left -= part.length) {
    next(part);
    writeSync(open, part, 0, Math.min(part.length, left));
  }
  closeSync(open);
}

const words =
  'team laptop backup chunk pack holder replica restore night office paper report north tower garden river stone light water'.split(' ');

/** Text with the statistics of logs and documents: about a fifth of its size after zstd. */
function text(sizeBytes: number, seed: number): Buffer {
  const random = new Uint32Array(sizeBytes >>> 2);
  generator(seed)(new Uint8Array(random.buffer));
  const lines: string[] = [];
  for (let at = 0, n = 0; at < sizeBytes; n += 1) {
    const r = random[n % random.length]!;
    const line = `2026-11-${String(1 + (r % 28)).padStart(2, '0')} ${words[r % 19]} ${words[(r >>> 5) % 19]} ${r.toString(16)} ${words[(r >>> 10) % 19]}\n`;
    lines.push(line);
    at += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, sizeBytes);
}

/** Files of 64 MiB that don't compress. */
export function incompressible(folder: string, sizeBytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let at = 0, n = 0; at < sizeBytes; at += 64 * MiB, n += 1)
    writeRandom(join(folder, `random-${n}.bin`), Math.min(64 * MiB, sizeBytes - at), n + 1);
}

/** Half text, half random, in files of 8 MiB. */
export function mixed(folder: string, sizeBytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let at = 0, n = 0; at < sizeBytes; at += mixedFileBytes, n += 1) {
    const size = Math.min(mixedFileBytes, sizeBytes - at);
    if (n % 2 === 0) writeFileSync(join(folder, `text-${n}.log`), text(size, n + 1));
    else writeRandom(join(folder, `random-${n}.bin`), size, n + 1);
  }
}

/** Text files of 1 to 16 KiB in folders of 250. */
export function smallFiles(folder: string, count: number): void {
  const source = text(64 * 1024, 99);
  for (let n = 0; n < count; n += 1) {
    const box = join(folder, `box-${Math.floor(n / 250)}`);
    if (n % 250 === 0) mkdirSync(box, { recursive: true });
    const size = 1024 + ((n * 7919) % (15 * 1024));
    writeFileSync(join(box, `file-${n}.txt`), Buffer.concat([Buffer.from(`${n}\n`), source.subarray(n % 4096, (n % 4096) + size)]));
  }
}

/**
 * A second version of every file: one piece of 1 % of its length is written anew, somewhere; every fourth file gets 100 bytes inserted
 * before it as well, so that what follows moves. Another `version` writes other bytes of the same amounts at the same places: no tool
 * meets bytes that it stored before.
 */
export function edit(folder: string, version: number): void {
  for (const [n, name] of readdirSync(folder).sort().entries()) {
    const file = join(folder, name);
    const before = readFileSync(file);
    const length = Math.ceil(before.length / 100);
    const from = Math.floor((((n * 37) % 97) / 100) * before.length);
    const seed = 1_000_000 + version * 10_000 + n;
    const piece = name.startsWith('text') ? text(length, seed) : randomBytesOf(length, seed);
    const inserted = n % 4 === 0 ? randomBytesOf(100, seed + 5_000) : Buffer.alloc(0);
    writeFileSync(file, Buffer.concat([before.subarray(0, from), inserted, piece, before.subarray(from + length)]));
  }
}

/** Makes a data set once; later runs with the same folder use it again. */
export function once(folder: string, make: (folder: string) => void): string {
  const mark = `${folder}.complete`;
  if (!existsSync(mark)) {
    rmSync(folder, { recursive: true, force: true });
    make(folder);
    writeFileSync(mark, '');
  }
  return folder;
}

/** A fresh copy to work on. */
export function copyOf(original: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(original, to, { recursive: true, preserveTimestamps: true });
  return to;
}
