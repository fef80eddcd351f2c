import { utf8 } from '#libs/kernel';

/** One member of a tar archive, without its content. */
export interface TarMember {
  /** `0` file, `1` hard link, `2` symlink, `3` character device, `4` block device, `5` folder, `6` fifo. */
  readonly type: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  /** Without a leading slash; a folder's ends with one. Any bytes but NUL. */
  readonly path: Uint8Array;
  readonly linkPath?: Uint8Array | undefined;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly mtimeNs: bigint;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
  readonly xattrs?: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[] | undefined;
}

const block = 512;
const maxOctal7 = 0o7777777;
const maxOctal11 = 0o77777777777;

/**
 * Headers of a member: POSIX.1-2001 (pax) where the old fields don't hold it (long or non-ASCII names, large sizes and ids,
 * nanoseconds, extended attributes as `SCHILY.xattr.*`), then ustar. Names and values go in as the bytes that they are, which libraries
 * that take text can't do. The content follows, filled up to 512 bytes with {@link tarPadding}.
 */
export function tarHeaders(member: TarMember): Uint8Array {
  const records = paxRecords(member);
  const own = ustar(member, member.path, member.type, member.sizeBytes);
  if (records.length === 0) return own;
  const body = Buffer.concat(records);
  const name = Buffer.concat([Buffer.from('PaxHeaders/'), Buffer.from(member.path).subarray(0, 80)]);
  const extended = ustar({ ...member, mode: 0o644, linkPath: undefined, device: undefined }, trimmed(name), 'x', body.length);
  return Buffer.concat([extended, body, tarPadding(body.length), own]);
}

/** Zeros up to the next full block. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((block - (sizeBytes % block)) % block);
}

/** What stands at the end of an archive. */
export const tarEnd = new Uint8Array(2 * block);

function paxRecords(member: TarMember): Uint8Array[] {
  const records: Uint8Array[] = [];
  const add = (keyword: string | Uint8Array, value: string | Uint8Array): void => void records.push(record(keyword, value));
  const texts = [member.path, member.linkPath, member.user === undefined ? undefined : utf8(member.user)];
  if (texts.some((bytes) => bytes && !isUtf8(bytes))) add('hdrcharset', 'BINARY');
  if (member.path.length > 100 || !isAscii(member.path)) add('path', member.path);
  if (member.linkPath && (member.linkPath.length > 100 || !isAscii(member.linkPath))) add('linkpath', member.linkPath);
  if (member.sizeBytes > maxOctal11) add('size', String(member.sizeBytes));
  if (member.uid > maxOctal7) add('uid', String(member.uid));
  if (member.gid > maxOctal7) add('gid', String(member.gid));
  if (member.user !== undefined && (member.user.length > 31 || !isAscii(utf8(member.user)))) add('uname', member.user);
  if (member.group !== undefined && (member.group.length > 31 || !isAscii(utf8(member.group)))) add('gname', member.group);
  const seconds = member.mtimeNs / 1_000_000_000n;
  if (member.mtimeNs % 1_000_000_000n !== 0n || seconds < 0n || seconds > BigInt(maxOctal11)) add('mtime', decimalSeconds(member.mtimeNs));
  for (const { name, value } of member.xattrs ?? []) add(Buffer.concat([Buffer.from('SCHILY.xattr.'), escaped(name)]), value);
  return records;
}

/** `LENGTH KEYWORD=VALUE\n`, the length counting its own digits. */
function record(keyword: string | Uint8Array, value: string | Uint8Array): Uint8Array {
  const rest = Buffer.concat([Buffer.from(' '), Buffer.from(keyword), Buffer.from('='), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** GNU tar's way with names that would end the keyword. */
function escaped(name: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(name).toString('latin1').replaceAll('%', '%25').replaceAll('=', '%3D'), 'latin1');
}

function decimalSeconds(ns: bigint): string {
  const magnitude = ns < 0n ? -ns : ns;
  const fraction = String(magnitude % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${magnitude / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

function ustar(member: TarMember, path: Uint8Array, type: string, sizeBytes: number): Uint8Array {
  const header = Buffer.alloc(block);
  const text = (at: number, length: number, value: string | Uint8Array): void => void Buffer.from(value).copy(header, at, 0, length);
  const octal = (at: number, length: number, value: number): void =>
    text(
      at,
      length,
      Math.min(Math.max(0, value), 8 ** (length - 1) - 1)
        .toString(8)
        .padStart(length - 1, '0'),
    );
  text(0, 100, path);
  octal(100, 8, member.mode);
  octal(108, 8, member.uid);
  octal(116, 8, member.gid);
  octal(124, 12, sizeBytes);
  octal(136, 12, Number(member.mtimeNs / 1_000_000_000n));
  text(148, 8, '        ');
  text(156, 1, type);
  if (member.linkPath) text(157, 100, member.linkPath);
  text(257, 8, 'ustar\u000000');
  if (member.user !== undefined) text(265, 31, member.user);
  if (member.group !== undefined) text(297, 31, member.group);
  octal(329, 8, member.device?.major ?? 0);
  octal(337, 8, member.device?.minor ?? 0);
  const sum = header.reduce((total, byte) => total + byte, 0);
  text(148, 8, `${sum.toString(8).padStart(6, '0')}\u0000 `);
  return header;
}

function trimmed(path: Uint8Array): Uint8Array {
  const end = path.length - (path.at(-1) === 0x2f ? 1 : 0);
  return path.subarray(0, Math.min(end, 100));
}

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80);

function isUtf8(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString('utf8').includes('\uFFFD')
    ? Buffer.compare(Buffer.from(Buffer.from(bytes).toString('utf8')), bytes) === 0
    : true;
}
