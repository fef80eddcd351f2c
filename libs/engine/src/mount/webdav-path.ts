/**
 * Names of a URL path after the first `skip` segments, percent-decoded to bytes. Undefined for a broken escape, an encoded
 * slash or NUL, and for `.` and `..`, which nobody who means a name sends.
 */
export function namesOfUrl(url: string, skip: number): Uint8Array[] | undefined {
  const end = url.search(/[?#]/);
  const segments = (end < 0 ? url : url.slice(0, end)).split('/').slice(1 + skip);
  const names: Uint8Array[] = [];
  for (const segment of segments) {
    if (segment === '') continue;
    const name = decoded(segment);
    if (!name) return undefined;
    names.push(name);
  }
  return names;
}

function decoded(segment: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < segment.length; at += 1) {
    if (segment[at] !== '%') {
      bytes.push(...Buffer.from(segment[at]!));
      continue;
    }
    const hex = segment.slice(at + 1, at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  const name = Uint8Array.from(bytes);
  if (name.includes(0x2f) || name.includes(0)) return undefined;
  const text = Buffer.from(name).toString('latin1');
  return text === '.' || text === '..' ? undefined : name;
}

/** The path of names below `base`; a folder's ends with a slash. Bytes that are not plain are escaped one by one, so any name survives. */
export function urlOfNames(base: string, names: readonly Uint8Array[], isFolder: boolean): string {
  const escape = (byte: number): string => plain[byte] ?? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const path = names.map((name) => `/${Array.from(name, escape).join('')}`).join('');
  return `${base}${path}${isFolder ? '/' : ''}`;
}

const plain: Readonly<Record<number, string>> = Object.fromEntries(
  Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~', (letter) => [letter.charCodeAt(0), letter]),
);
