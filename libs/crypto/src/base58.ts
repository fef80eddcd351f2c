const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Bitcoin's base58 (multibase `z` without its prefix). For short values: the work grows with the square of the length. */
export function toBase58(bytes: Uint8Array): string {
  const zeros = bytes.findIndex((b) => b !== 0);
  const leading = zeros === -1 ? bytes.length : zeros;
  let value = 0n;
  for (const b of bytes) value = value * 256n + BigInt(b);
  let text = '';
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)]! + text;
  return alphabet[0]!.repeat(leading) + text;
}
