import type { Restore } from '#libs/contracts';
import { formatBytes, formatDuration } from '../wording/quantities.ts';

/** Turns the figures that a device reports about a restore into titled values: `bytesRestored: 5` → `Bytes restored: 5 bytes`. */
export function summaryWords(summary: Restore['summary']): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(summary ?? {}).map(([key, value]) => {
    const words = key
      .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
      .replaceAll(/[_-]/g, ' ')
      .toLowerCase();
    const title = words.replace(/ ms$/, '');
    const name = title.charAt(0).toUpperCase() + title.slice(1);
    if (typeof value === 'boolean') return { name, value: value ? 'yes' : 'no' };
    if (typeof value === 'string') return { name, value };
    if (words.endsWith(' ms')) return { name, value: formatDuration(value) };
    return { name, value: words.includes('bytes') ? formatBytes(value) : value.toLocaleString('en') };
  });
}
