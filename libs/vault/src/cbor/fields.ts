import type { CborReader } from './cbor-reader.ts';

/**
 * Reads a map by handing each key to `read`, which reads the value or returns false for a key that it does not know
 * (an error: version 1 has no optional extensions).
 */
export function readFields(reader: CborReader, maxFields: number, read: (key: string) => boolean | void): void {
  let previous = '';
  for (let left = reader.map(maxFields); left > 0; left -= 1) {
    previous = reader.key(previous);
    if (read(previous) === false) throw reader.fail(`unknown field "${previous}"`);
  }
}

/** `value`, or the reader's error when the field was not there. */
export function required<T>(reader: CborReader, name: string, value: T | undefined): T {
  if (value === undefined) throw reader.fail(`missing field "${name}"`);
  return value;
}
