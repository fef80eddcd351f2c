import { describe, expect, it } from '@jest/globals';
import * as dagCbor from '@ipld/dag-cbor';
import fc from 'fast-check';
import { VaultError } from '../errors.ts';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { CborReader } from './cbor-reader.ts';
import { CborWriter } from './cbor-writer.ts';
import { readFields } from './fields.ts';

const fail = (what: string): VaultError => new VaultError('tree_corrupt', what);
type Value = number | bigint | string | boolean | null | Uint8Array | Value[] | { [key: string]: Value };

/** Writes any value, keys in canonical order. */
function write(w: CborWriter, value: Value): void {
  if (value === null) w.null();
  else if (typeof value === 'number' || typeof value === 'bigint') w.int(value);
  else if (typeof value === 'string') w.text(value);
  else if (typeof value === 'boolean') w.bool(value);
  else if (value instanceof Uint8Array) w.bytes(value);
  else if (Array.isArray(value)) {
    w.array(value.length);
    for (const item of value) write(w, item);
  } else {
    const keys = Object.keys(value).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    w.map(keys.length);
    for (const key of keys) {
      w.text(key);
      write(w, value[key]!);
    }
  }
}

const encode = (value: Value): Uint8Array => {
  const w = new CborWriter(1);
  write(w, value);
  return w.finish();
};

const scalars = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
);
const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalars as fc.Arbitrary<Value>,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,6}$/), tie('value'), { maxKeys: 6 }),
  ),
})).value;

describe('CBOR', () => {
  it('writes the bytes that @ipld/dag-cbor writes', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(Buffer.compare(encode(value), dagCbor.encode(value))).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    -1,
    -24,
    -25,
    -(2 ** 32),
    Number.MIN_SAFE_INTEGER,
  ])('integer %d and back', (value) => {
    const bytes = encode(value);
    expect(Buffer.compare(bytes, dagCbor.encode(value))).toBe(0);
    expect(new CborReader(bytes, fail).int(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(value);
    expect(new CborReader(bytes, fail).int64()).toBe(BigInt(value));
  });

  it('reads 64-bit integers whole, and refuses what is out of range', () => {
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), 1_767_607_200_123_456_789n])
      expect(new CborReader(encode(value), fail).int64()).toBe(value);
    expect(new CborReader(encode(2n ** 64n - 1n), fail).uint64()).toBe(2n ** 64n - 1n);
    expect(() => new CborReader(encode(2n ** 63n), fail).int64()).toThrow('out of range');
    expect(() => new CborReader(encode(-1), fail).uint64()).toThrow('out of range');
    expect(() => new CborReader(encode(2n ** 53n), fail).int(0, Number.MAX_SAFE_INTEGER)).toThrow('out of range');
    expect(() => encode(2n ** 64n)).toThrow(RangeError);
    expect(() => encode(0.5)).toThrow(RangeError);
  });

  it.each([
    ['a long form of a small number', [0x18, 0x17]],
    ['a longer form of it', [0x19, 0x00, 0xff]],
    ['the longest form of it', [0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['a float', [0xfb, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a tag', [0xc0, 0x00]],
    ['nothing', []],
    ['a truncated number', [0x1a, 0, 0]],
  ])('refuses %s as an integer', (_name, bytes) => {
    expect(() => new CborReader(Uint8Array.from(bytes), fail).int(0, 1e9)).toThrow(VaultError);
  });

  it.each([
    ['keys in the wrong order', [0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x01]],
    ['a longer key first', [0xa2, 0x62, 0x61, 0x61, 0x01, 0x61, 0x62, 0x01]],
    ['a key twice', [0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01]],
    ['an empty key', [0xa1, 0x60, 0x01]],
    ['an unknown key', [0xa1, 0x61, 0x7a, 0x01]],
    ['more keys than bytes', [0xb8, 0x18, 0x61, 0x61, 0x01]],
    ['an endless map', [0xbf, 0x61, 0x61, 0x01, 0xff]],
  ])('refuses a map with %s', (_name, bytes) => {
    const reader = new CborReader(Uint8Array.from(bytes), fail);
    expect(() => readFields(reader, 24, (key) => (key === 'z' ? false : void reader.int(0, 9)))).toThrow(VaultError);
  });

  it('refuses text that is not UTF-8 and lengths beyond the end without allocating', () => {
    expect(() => new CborReader(Uint8Array.of(0x62, 0xff, 0xfe), fail).text(10)).toThrow('UTF-8');
    expect(() => new CborReader(Uint8Array.of(0x5a, 0xff, 0xff, 0xff, 0xff), fail).bytes(2 ** 32)).toThrow('beyond the end');
    expect(() => new CborReader(Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff), fail).array(2 ** 32)).toThrow('beyond the end');
  });

  it('throws nothing but its own error on damaged input', () => {
    const bytes = encode({ a: [1, -5, 2n ** 60n], b: 'täxt', cc: new Uint8Array(30), d: true });
    fc.assert(
      fc.property(mutationsOf(bytes), (damaged) => {
        const reader = new CborReader(damaged, fail);
        decodeOutcome(() => {
          readFields(reader, 10, (key) => {
            if (key === 'a') for (let left = reader.array(9); left > 0; left -= 1) reader.int64();
            else if (key === 'b') reader.text(10);
            else if (key === 'cc') reader.bytes(40);
            else if (key === 'd') reader.bool();
            else return false;
          });
          reader.end();
        });
      }),
      { numRuns: 1_000 },
    );
  });
});
