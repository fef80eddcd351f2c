import { expect } from '@jest/globals';

/** Enough for a machine that does much else: what is so at last is so within milliseconds where nobody else is at work. */
const patienceMs = 20_000;

/** Resolves once it is so. What happens at one end of a connection the other hears of a moment later, from its operating system. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + patienceMs; !isSo() && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isSo()).toBe(true);
}
