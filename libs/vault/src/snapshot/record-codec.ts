import type { SigningKeyPair } from '#libs/crypto';
import { compareBytes, utf8 } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields, required } from '../cbor/fields.ts';
import { checkSignature, decodeSigned, encodeSigned } from '../cbor/signed-envelope.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits } from '../limits.ts';
import { readEntry, writeEntry } from '../tree/entry-codec.ts';
import { nameProblem, printableName } from '../tree/safe-name.ts';
import type { SnapshotLoss, SnapshotRecord, SnapshotRoot } from './snapshot-record.ts';

const maxTextBytes = 16 * 1024;
const maxStats = 64;
const maxPathBytes = 64 * 1024;
const maxTime = 8_640_000_000_000_000;
const fail = (what: string): VaultError => new VaultError('record_corrupt', `snapshot record: ${what}`);

/** The plaintext of a record chunk. Roots are sorted by path. Throws `invalid_input` for what readers would refuse. */
export function encodeSnapshotRecord(record: SnapshotRecord, keys: SigningKeyPair): Uint8Array {
  const roots = [...record.roots].sort((a, b) => compareBytes(a.path, b.path));
  const problem = rootsProblem(roots) ?? textsProblem(record) ?? numbersProblem(record);
  if (problem) throw new VaultError('invalid_input', `snapshot record: ${problem}`);
  const w = new CborWriter(4096);
  w.map(11 + (record.previous ? 1 : 0) + (record.adHoc ? 1 : 0) + (record.lost ? 1 : 0));
  w.text('v');
  w.int(formatVersion);
  w.text('host');
  w.text(record.host);
  if (record.lost) {
    w.text('lost');
    w.array(3);
    w.int(record.lost.files);
    w.int(record.lost.folders);
    w.int(record.lost.bytes);
  }
  w.text('tags');
  texts(w, record.tags);
  w.text('user');
  w.text(record.user);
  if (record.adHoc) {
    w.text('adHoc');
    w.bool(true);
  }
  w.text('roots');
  w.array(roots.length);
  for (const { path, entry } of roots) {
    w.array(2);
    w.bytes(path);
    writeEntry(w, entry);
  }
  w.text('stats');
  const stats = Object.entries(record.stats).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  w.map(stats.length);
  for (const [name, value] of stats) {
    w.text(name);
    w.int(value);
  }
  w.text('endedAt');
  w.int(record.endedAtMs);
  w.text('partial');
  w.bool(record.partial);
  w.text('excludes');
  texts(w, record.excludes);
  if (record.previous) {
    w.text('previous');
    w.bytes(record.previous);
  }
  w.text('sequence');
  w.int(record.sequence);
  w.text('startedAt');
  w.int(record.startedAtMs);
  return encodeSigned('snapshot-record', w.finish(), keys);
}

function texts(w: CborWriter, values: readonly string[]): void {
  w.array(values.length);
  for (const value of values) w.text(value);
}

/** Throws `record_corrupt`, `unsafe_name`, or `bad_signature` unless the vault's device wrote it. */
export function decodeSnapshotRecord(plaintext: Uint8Array, signingPublicKey: Uint8Array): SnapshotRecord {
  if (plaintext.length > limits.metaChunkBytes)
    throw new VaultError('limit_exceeded', `a snapshot record of ${plaintext.length} bytes is too long`);
  const signed = decodeSigned(plaintext, limits.metaChunkBytes, fail);
  checkSignature('snapshot-record', signed, signingPublicKey, 'the snapshot record');
  const r = new CborReader(signed.payload, fail);
  const record: { -readonly [K in keyof SnapshotRecord]?: SnapshotRecord[K] } = {};
  let version: number | undefined;
  readFields(r, 14, (key) => {
    switch (key) {
      case 'v':
        return void (version = r.int(0, 0xffff));
      case 'host':
        return void (record.host = r.text(limits.textBytes));
      case 'lost':
        return void (record.lost = readLoss(r));
      case 'tags':
        return void (record.tags = readTexts(r));
      case 'user':
        return void (record.user = r.text(limits.textBytes));
      case 'roots':
        return void (record.roots = readRoots(r));
      case 'stats':
        return void (record.stats = readStats(r));
      case 'adHoc':
        if (!r.bool()) throw r.fail('adHoc is true or absent');
        return void (record.adHoc = true);
      case 'endedAt':
        return void (record.endedAtMs = r.int(0, maxTime));
      case 'partial':
        return void (record.partial = r.bool());
      case 'excludes':
        return void (record.excludes = readTexts(r));
      case 'previous':
        return void (record.previous = r.bytes(idBytes, idBytes));
      case 'sequence':
        return void (record.sequence = r.int(1, Number.MAX_SAFE_INTEGER));
      case 'startedAt':
        return void (record.startedAtMs = r.int(0, maxTime));
      default:
        return false;
    }
  });
  r.end();
  if (version !== formatVersion)
    throw version === undefined
      ? fail('no version')
      : new VaultError('unsupported_version', `snapshot record of version ${version} is not known here`);
  return {
    sequence: required(r, 'sequence', record.sequence),
    previous: record.previous,
    startedAtMs: required(r, 'startedAt', record.startedAtMs),
    endedAtMs: required(r, 'endedAt', record.endedAtMs),
    host: required(r, 'host', record.host),
    user: required(r, 'user', record.user),
    roots: required(r, 'roots', record.roots),
    excludes: required(r, 'excludes', record.excludes),
    tags: required(r, 'tags', record.tags),
    stats: required(r, 'stats', record.stats),
    partial: required(r, 'partial', record.partial),
    ...(record.adHoc && { adHoc: true }),
    ...(record.lost && { lost: record.lost }),
  };
}

function readLoss(r: CborReader): SnapshotLoss {
  if (r.array(3) !== 3) throw r.fail('a loss is three numbers');
  const [files, folders, bytes] = [0, 0, 0].map(() => r.int(0, Number.MAX_SAFE_INTEGER));
  return { files: files!, folders: folders!, bytes: bytes! };
}

function readTexts(r: CborReader): string[] {
  return Array.from({ length: r.array(limits.textsPerRecord) }, () => r.text(maxTextBytes));
}

function readStats(r: CborReader): Record<string, number> {
  const stats: Record<string, number> = Object.create(null) as Record<string, number>;
  readFields(r, maxStats, (name) => void (stats[name] = r.int(0, Number.MAX_SAFE_INTEGER)));
  return { ...stats };
}

function readRoots(r: CborReader): SnapshotRoot[] {
  const roots: SnapshotRoot[] = [];
  for (let left = r.array(limits.rootsPerRecord); left > 0; left -= 1) {
    if (r.array(2) !== 2) throw r.fail('a root is a path and an entry');
    roots.push({ path: r.bytes(maxPathBytes), entry: readEntry(r) });
  }
  const problem = rootsProblem(roots);
  if (problem) throw r.fail(problem);
  return roots;
}

function textsProblem({ host, user, tags, excludes }: SnapshotRecord): string | undefined {
  if (utf8(host).length > limits.textBytes || utf8(user).length > limits.textBytes) return 'the name of host or user is too long';
  if (tags.length > limits.textsPerRecord) return `more than ${limits.textsPerRecord} tags`;
  if (excludes.length > limits.textsPerRecord) return `more than ${limits.textsPerRecord} excludes`;
  return [...tags, ...excludes].some((text) => utf8(text).length > maxTextBytes) ? 'a tag or an exclude is too long' : undefined;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function numbersProblem({ stats, lost, startedAtMs, endedAtMs, sequence }: SnapshotRecord): string | undefined {
  const counts = [...Object.values(stats), ...(lost ? Object.values(lost) : [])];
  if (Object.keys(stats).length > maxStats || !counts.every(isCount)) return 'a number of the statistics is out of range';
  if (!isCount(sequence) || sequence === 0) return 'the number is out of range';
  return [startedAtMs, endedAtMs].every((ms) => isCount(ms) && ms <= maxTime) ? undefined : 'a time is out of range';
}

function rootsProblem(roots: readonly SnapshotRoot[]): string | undefined {
  if (roots.length > limits.rootsPerRecord) return `more than ${limits.rootsPerRecord} backed-up paths`;
  for (const [i, { path, entry }] of roots.entries()) {
    if (i > 0 && compareBytes(roots[i - 1]!.path, path) >= 0) return 'backed-up paths are out of order or twice';
    if (entry.name.length !== 0) return 'the entry of a backed-up path has a name';
    const bad = rootPathProblem(path);
    if (bad) return `the backed-up path ${printableName(path)} ${bad}`;
  }
  return undefined;
}

function rootPathProblem(path: Uint8Array): string | undefined {
  if (path.length > maxPathBytes) return 'is too long';
  for (const name of splitPath(path)) {
    const problem = nameProblem(name);
    if (problem) return problem;
  }
  return path[0] === 0x2f || path[1] === 0x3a ? undefined : 'is not absolute';
}

/** Names of a `/`-separated path, without the empty ones at its ends. */
export function splitPath(path: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  let from = path[0] === 0x2f ? 1 : 0;
  if (from >= path.length) return names;
  for (;;) {
    const at = path.indexOf(0x2f, from);
    names.push(path.slice(from, at < 0 ? undefined : at));
    if (at < 0) return names;
    from = at + 1;
  }
}
