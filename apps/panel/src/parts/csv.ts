/** One value as a CSV field (RFC 4180). A text that a spreadsheet would run as a formula is prefixed with an apostrophe. */
export function csvField(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvText(rows: readonly (readonly (string | number | boolean | null | undefined)[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

/** A time for machines, in UTC; empty for none. */
export const csvTime = (atMs: number | null): string => (atMs === null ? '' : new Date(atMs).toISOString());
