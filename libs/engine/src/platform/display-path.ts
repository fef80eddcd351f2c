/** A path for people and reports: UTF-8 where it is, `\xNN` for every byte that is not. */
export function displayPath(path: Uint8Array): string {
  const text = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('utf8');
  if (!text.includes('\uFFFD')) return text;
  let out = '';
  let run: number[] = [];
  const flush = (): void => {
    out += Buffer.from(run).toString('utf8');
    run = [];
  };
  for (let at = 0; at < path.length;) {
    const length = utf8Length(path, at);
    if (length === 0) {
      flush();
      out += `\\x${path[at]!.toString(16).padStart(2, '0')}`;
      at += 1;
    } else {
      for (let i = 0; i < length; i += 1) run.push(path[at + i]!);
      at += length;
    }
  }
  flush();
  return out;
}

function utf8Length(bytes: Uint8Array, at: number): number {
  const b = bytes[at]!;
  const length = b < 0x80 ? 1 : b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return Buffer.from(bytes.subarray(at, at + length))
    .toString('utf8')
    .includes('\uFFFD')
    ? 0
    : length;
}
