import { createHash } from 'node:crypto';
import { windowsNameProblem } from '#libs/vault';

/** Which differences of spelling a folder does not tell apart. */
export interface NameRules {
  /** `README` and `readme` are one name. */
  readonly foldsCase: boolean;
  /** A letter with its accent, and letter and accent one after the other, are one name. */
  readonly foldsForms: boolean;
}

const refused = new Set(Buffer.from('<>:"/\\|?*'));
const longestName = 255;
const longestExtension = 60;

/**
 * A name that Windows and its file systems (FAT, exFAT, NTFS) can have, for any name: what they refuse becomes `%` and two hex digits a byte,
 * as in web addresses. So `a:b` is `a%3Ab`, `notes.` is `notes%2E`, `aux.txt` is `%61ux.txt`; where a name is no UTF-8, every byte that is not
 * ASCII. The same name always gives the same. Names that they can have stay as they are.
 */
export function portableName(name: Buffer): Buffer {
  if (windowsNameProblem(name) === undefined) return name;
  const isText = isUtf8(name);
  const written: Buffer[] = [];
  for (const [at, byte] of name.entries()) {
    const isLast = at === name.length - 1;
    const isRefused = refused.has(byte) || byte < 0x20 || (isLast && (byte === 0x2e || byte === 0x20)) || (byte >= 0x80 && !isText);
    written.push(isRefused ? encoded(byte) : Buffer.of(byte));
  }
  const portable = Buffer.concat(written);
  // What is left is the name of a device, or too long, which the caller sees.
  return windowsNameProblem(portable) === undefined || portable.length > longestName
    ? portable
    : Buffer.concat([encoded(portable[0]!), portable.subarray(1)]);
}

/** The other bytes than ASCII of a name that is no UTF-8, written with `%`: for systems whose names are text. */
export function textName(name: Buffer): Buffer {
  return isUtf8(name) ? name : Buffer.concat(Array.from(name, (byte) => (byte >= 0x80 ? encoded(byte) : Buffer.of(byte))));
}

/** Two names with the same key are one name in such a folder. */
export function nameKey(name: Buffer, { foldsCase = false, foldsForms = false }: Partial<NameRules>): string {
  if (!isUtf8(name)) return name.toString('latin1');
  let text = name.toString('utf8');
  // Up and down again, so that ß and SS, and the two small sigmas, are one.
  if (foldsCase) text = text.toUpperCase().toLowerCase();
  // Such file systems (ext4, APFS) skip what has no look of its own as well.
  if (foldsForms) text = text.normalize('NFD').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  return foldsCase ? text.toUpperCase().toLowerCase() : text;
}

/** The same name in the other case, or undefined when it has no letters. */
export function otherCase(name: Buffer): Buffer | undefined {
  const text = isUtf8(name) ? name.toString('utf8') : '';
  const other = text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase();
  return other === text ? undefined : Buffer.from(other);
}

/** The same name with accents composed or decomposed the other way, or undefined when there are none. */
export function otherForm(name: Buffer): Buffer | undefined {
  const text = isUtf8(name) ? name.toString('utf8') : '';
  const other = text.normalize('NFC') === text ? text.normalize('NFD') : text.normalize('NFC');
  return other === text ? undefined : Buffer.from(other);
}

/**
 * `readme.txt` → `readme~3fa9c2.txt`: beside one that is spelled otherwise. The digits come from the whole name as it was, so every run gives the
 * same; `digits` more of them where even that is taken.
 */
export function apart(portable: Buffer, original: Buffer, digits = 6): Buffer {
  const mark = Buffer.from(`~${createHash('sha256').update(original).digest('hex').slice(0, digits)}`);
  const dot = portable.lastIndexOf(0x2e);
  const extension = dot > 0 && portable.length - dot <= longestExtension ? portable.subarray(dot) : Buffer.alloc(0);
  let end = Math.min(portable.length - extension.length, longestName - mark.length - extension.length);
  // Not in the middle of a character.
  while (end > 0 && end < portable.length && (portable[end]! & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([portable.subarray(0, end), mark, extension]);
}

function encoded(byte: number): Buffer {
  return Buffer.from(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
}

function isUtf8(name: Buffer): boolean {
  return Buffer.from(name.toString('utf8')).equals(name);
}
