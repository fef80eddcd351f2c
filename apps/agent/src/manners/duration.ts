const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90m", "2h", "1d", "1h30m" in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,5}[mhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([mhd])/g)].reduce((sum, part) => sum + Number(part[1]) * units[part[2] as keyof typeof units], 0);
}
