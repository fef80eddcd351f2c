import type { ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, printable, text } from '../output/format.ts';
import type { FetchSummary } from './run-restore.ts';

/** What was restored, where to, and which packs had to come from whom. */
export function restoreLines(r: ResultEvent): string[] {
  const n = (key: string): number => Number(r[key] ?? 0);
  const fetched = r['fromHolders'] as FetchSummary;
  const lines = [
    `${r['dryRun'] === true ? 'would restore' : 'restored'} ${formatCount(n('files'), 'file')} (${formatBytes(n('bytes'))}) and ${formatCount(n('directories'), 'folder')} of ${printable(text(r['device']))}, snapshot ${n('sequence')}`,
  ];
  for (const { from, to } of (r['placed'] as { from: string; to: string }[]).slice(0, 20))
    lines.push(`  ${printable(from)} -> ${printable(to)}`);
  lines.push(
    `  ${formatCount(n('packsNeeded'), 'pack')} of ${n('packsInVault').toLocaleString('en-US')} needed, ${formatBytes(n('bytesRead'))} read from ${n('packsRead')}`,
  );
  if (fetched.packs > 0) {
    lines.push(`  ${formatCount(fetched.packs, 'pack')}, ${formatBytes(fetched.bytes)} from other machines:`);
    for (const h of fetched.byHolder) lines.push(`    ${printable(h.name)}: ${formatCount(h.packs, 'pack')}, ${formatBytes(h.bytes)}`);
  }
  if (n('filesUnchanged') > 0)
    lines.push(
      `  ${formatCount(n('filesUnchanged'), 'file')} (${formatBytes(n('bytesUnchanged'))}) ${n('filesUnchanged') === 1 ? 'was' : 'were'} there already, and right`,
    );
  else if (n('bytesUnchanged') > 0) lines.push(`  ${formatBytes(n('bytesUnchanged'))} were on this disk already, and right`);
  if (n('filesSkipped') > 0)
    lines.push(`  ${formatCount(n('filesSkipped'), 'file')} left as ${n('filesSkipped') === 1 ? 'it was' : 'they were'}`);
  if (n('filesVerified') > 0) lines.push(`  ${formatCount(n('filesVerified'), 'file')} read back and compared`);
  if (n('corruptionsRepaired') > 0)
    lines.push(`  ${formatCount(n('corruptionsRepaired'), 'damaged block')} replaced by good ones from elsewhere`);
  const repaired = (r['repairedPacks'] as string[]).length;
  if (repaired > 0) lines.push(`  ${formatCount(repaired, 'pack')} of this machine's own store repaired`);
  for (const document of r['repairedDocuments'] as string[]) lines.push(`  repaired the vault's ${document}`);
  if (n('errors') > 0) lines.push(`  ${formatCount(n('errors'), 'file')} could not be restored`);
  return lines;
}
