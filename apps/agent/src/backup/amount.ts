const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `2G`, `700 MB`, `1500000`: bytes, in steps of 1,024; undefined for anything else and for less than one byte. */
export function parseAmount(text: string): number | undefined {
  const amount = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = amount ? Math.floor(Number(amount[1]) * units[amount[2]!.toUpperCase()]!) : 0;
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
