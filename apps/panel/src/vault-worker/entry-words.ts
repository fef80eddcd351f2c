import { equalBytes, utf8 } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import type { EntryPath, ListedEntry } from './protocol.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What a person sees for a name in bytes, and whether the text says all of it. */
export function labelOf(name: Uint8Array): { readonly label: string; readonly isText: boolean } {
  const label = decoder.decode(name);
  return { label, isText: equalBytes(utf8(label), name) };
}

/** The `/`-separated text of a path, or undefined when a name in it is no text. */
export function textOfPath(path: EntryPath): string | undefined {
  const labels = path.map((name) => labelOf(name));
  return labels.every(({ isText }) => isText) ? `/${labels.map(({ label }) => label).join('/')}` : undefined;
}

export function describeEntry(entry: TreeEntry): ListedEntry {
  return {
    name: entry.name,
    ...labelOf(entry.name),
    type: entry.type,
    sizeBytes: entry.size,
    modifiedAtMs: Number(entry.mtimeNs / 1_000_000n),
    totals: entry.summary ?? null,
    problem: entry.error ?? (entry.changedWhileRead === true ? 'changed while it was read' : null),
    linkTarget: entry.linkTarget === undefined ? null : labelOf(entry.linkTarget).label,
  };
}
