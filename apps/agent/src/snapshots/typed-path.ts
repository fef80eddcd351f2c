/**
 * A path as a person types it, for the vault: names that are not UTF-8 are shown, and typed, with \xNN for each odd byte.
 * Windows drives and backslashes become the `/`-separated form that snapshots use.
 */
export function typedPath(text: string, platform: NodeJS.Platform = process.platform): string | Buffer {
  if (platform === 'win32') return `/${text.replaceAll('\\', '/').replace(/^\/+/, '')}`;
  if (!/\\x[0-9a-f]{2}/.test(text)) return text;
  const parts: Buffer[] = [];
  let at = 0;
  for (const match of text.matchAll(/\\x([0-9a-f]{2})/g)) {
    parts.push(Buffer.from(text.slice(at, match.index)), Buffer.from([Number.parseInt(match[1]!, 16)]));
    at = match.index + match[0].length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(at))]);
}

/** The same as the names along the way, which the reader takes for any bytes. */
export function pathNames(path: string | Buffer): string | Uint8Array[] {
  if (typeof path === 'string') return path;
  const names: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= path.length; at += 1) {
    if (at < path.length && path[at] !== 0x2f) continue;
    if (at > from) names.push(path.subarray(from, at));
    from = at + 1;
  }
  return names;
}
