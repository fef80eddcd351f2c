import fc from 'fast-check';
import { AppError } from '#libs/kernel';

/** Ways to damage bytes: altered, cut off, lengthened, a stretch doubled or removed. */
export function mutationsOf(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat(Math.max(0, bytes.length - 1));
  return fc.oneof(
    fc.array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }).map((edits) => {
      const out = bytes.slice();
      for (const [at, change] of edits) out[at]! ^= change;
      return out;
    }),
    place.map((length) => bytes.slice(0, length)),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((more) => Uint8Array.from([...bytes, ...more])),
    fc.tuple(place, fc.nat(40)).map(([at, length]) => Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)])),
    fc.tuple(place, fc.nat(40)).map(([at, length]) => Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)])),
    // Heads of CBOR values that promise much.
    fc
      .tuple(
        place,
        fc.constantFrom(
          [0x9b, 0xff, 0xff, 0xff, 0xff],
          [0x5a, 0xff, 0xff, 0xff, 0xff],
          [0xba, 0x7f, 0xff, 0xff, 0xff],
          [0xdb, 1, 2, 3, 4],
          [0x5f],
          [0xfb, 0, 0],
        ),
      )
      .map(([at, head]) => {
        const out = bytes.slice();
        out.set(head.slice(0, out.length - at), at);
        return out;
      }),
  );
}

/** Runs a decoder on damaged bytes: the result, or the code of the one kind of error that it may throw. Anything else comes through. */
export function decodeOutcome<T>(decode: () => T): { readonly value: T } | { readonly code: string } {
  try {
    return { value: decode() };
  } catch (error) {
    if (error instanceof AppError) return { code: error.code };
    throw error;
  }
}
