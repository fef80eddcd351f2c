import type { Dice } from './dice.ts';

/** Numbers at which length checks go wrong. */
const edges = [0, 1, 0x17, 0x18, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
/** Heads of CBOR values: huge lengths, forbidden forms, tags, floats, breaks. */
const heads = [
  [0x9b, 0, 0, 0, 1, 0, 0, 0, 0],
  [0x9a, 0xff, 0xff, 0xff, 0xff],
  [0x5a, 0x7f, 0xff, 0xff, 0xff],
  [0xba, 0x00, 0x10, 0x00, 0x00],
  [0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0],
  [0x5f],
  [0x9f],
  [0xff],
  [0xd8, 0x2a],
  [0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0xf6],
  [0xf4],
  [0x80],
  [0xa0],
  [0x40],
  [0x60],
  [0x20],
];

/** Where the items of a CBOR value begin and end, nested ones too; empty when it is none. */
export function cborItems(bytes: Uint8Array): (readonly [from: number, to: number])[] {
  const items: [number, number][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const item = (at: number, depth: number): number => {
    const first = bytes[at];
    if (first === undefined || depth > 40) throw new RangeError('no CBOR');
    const info = first & 0x1f;
    const size = info < 24 ? 0 : info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 8;
    const argument =
      size === 0
        ? info
        : size === 1
          ? view.getUint8(at + 1)
          : size === 2
            ? view.getUint16(at + 1)
            : size === 4
              ? view.getUint32(at + 1)
              : 0;
    const major = first >> 5;
    const mine: [number, number] = [at, 0];
    items.push(mine);
    let end = at + 1 + size;
    if (major === 2 || major === 3) end += argument;
    else if (major === 4 || major === 5) for (let left = argument * (major - 3); left > 0; left -= 1) end = item(end, depth + 1);
    if (end > bytes.length) throw new RangeError('no CBOR');
    mine[1] = end;
    return end;
  };
  try {
    item(0, 0);
    return items;
  } catch {
    return [];
  }
}

/** Mostly one to four changes: bits, bytes, numbers, lengths, stretches cut, doubled or taken from another sample, whole CBOR items exchanged. */
export function mutateBytes(dice: Dice, sample: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  // Sound ones too, so that it shows when a decoder takes nothing at all.
  if (dice.below(20) === 0) return sample;
  let out = sample;
  for (let left = 1 + dice.below(4); left > 0; left -= 1) out = change(dice, out, dice.of(others));
  return out;
}

function change(dice: Dice, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = dice.below(bytes.length);
  switch (dice.below(11)) {
    case 0:
      return written(bytes, at, [(bytes[at] ?? 0) ^ (1 << dice.below(8))]);
    case 1:
      return written(bytes, at, [dice.below(256)]);
    case 2: {
      const number = dice.below(4) === 0 ? bytes.length + dice.below(3) - 1 : dice.of(edges);
      const [a, b, c, d] = [number & 0xff, (number >>> 8) & 0xff, (number >>> 16) & 0xff, number >>> 24];
      return written(
        bytes,
        at,
        dice.of([
          [a, b, c, d],
          [d, c, b, a],
          [a, b],
          [b, a],
        ]),
      );
    }
    case 3:
      return bytes.slice(0, at);
    case 4:
      return spliced(bytes, bytes.length, 0, dice.bytes(1 + dice.below(40)));
    case 5:
      return spliced(bytes, at, dice.below(64), new Uint8Array());
    case 6:
      return spliced(bytes, at, 0, bytes.subarray(at, at + dice.below(64)));
    case 7:
      return spliced(bytes, at, dice.below(64), other.subarray(dice.below(other.length), dice.below(other.length) + 64));
    case 8:
      return written(bytes, at, dice.of(heads));
    default:
      return itemsExchanged(dice, bytes, other);
  }
}

/** A CBOR item of one replaced by one of the other (or by nothing, twice itself, or a bare head). */
function itemsExchanged(dice: Dice, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const items = cborItems(bytes);
  if (items.length === 0) return spliced(bytes, dice.below(bytes.length), 1, Uint8Array.from(dice.of(heads)));
  const [from, to] = dice.of(items);
  const theirs = cborItems(other);
  const [otherFrom, otherTo] = theirs.length === 0 ? [0, 0] : dice.of(theirs);
  const itself = bytes.subarray(from, to);
  const instead = dice.of([
    other.subarray(otherFrom, otherTo),
    Uint8Array.from(dice.of(heads)),
    new Uint8Array(),
    Uint8Array.from([...itself, ...itself]),
  ]);
  return spliced(bytes, from, to - from, instead);
}

function written(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  // A copy also of a Buffer, whose own slice is a view: the sample must stay sound.
  const out = new Uint8Array(bytes);
  for (const [i, value] of values.entries()) if (at + i < out.length) out[at + i] = value;
  return out;
}

function spliced(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(at + remove, bytes.length));
  const out = new Uint8Array(at + insert.length + rest.length);
  out.set(bytes.subarray(0, at));
  out.set(insert, at);
  out.set(rest, at + insert.length);
  return out;
}
