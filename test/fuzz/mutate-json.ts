import type { Dice } from './dice.ts';

const odd: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  -0.5,
  Number.MAX_SAFE_INTEGER + 1,
  '',
  'x',
  '__proto__',
  '\u0000',
  '\ud800',
  'A'.repeat(5_000),
  [],
  {},
  [[[[]]]],
  { toString: 1 },
];

/** A copy in which, mostly, one value, anywhere, is another one, gone, doubled, or has a new key beside it. */
export function mutateJson(dice: Dice, value: unknown): unknown {
  const copy = structuredClone(value);
  if (dice.below(20) === 0) return copy;
  const places: { in: Record<string, unknown> | unknown[]; key: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push({ in: node as Record<string, unknown>, key });
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  if (places.length === 0) return dice.of(odd);
  const place = dice.of(places);
  const holder = place.in as Record<string, unknown>;
  switch (dice.below(6)) {
    case 0:
      if (Array.isArray(place.in)) place.in.splice(Number(place.key), 1);
      else delete holder[place.key];
      return copy;
    case 1:
      if (Array.isArray(place.in)) for (let n = dice.below(300); n > 0; n -= 1) place.in.push(place.in[0]);
      else holder[`${place.key}x`] = holder[place.key];
      return copy;
    case 2: {
      const other = dice.of(places);
      holder[place.key] = structuredClone((other.in as Record<string, unknown>)[other.key]);
      return copy;
    }
    case 3: {
      const text = holder[place.key];
      if (typeof text === 'string' && text.length > 0) {
        const at = dice.below(text.length);
        holder[place.key] = text.slice(0, at) + String.fromCharCode(dice.below(0x110)) + text.slice(at + dice.below(3));
        return copy;
      }
      holder[place.key] = dice.of(odd);
      return copy;
    }
    default:
      holder[place.key] = dice.of(odd);
      return copy;
  }
}
