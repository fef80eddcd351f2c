import type { ReadTreeOptions, TreeEntry, VaultReader } from '#libs/vault';

export type EntryPair = readonly [from: TreeEntry, to: TreeEntry | undefined] | readonly [from: undefined, to: TreeEntry];

/** The entries of two directories side by side, by name in byte order. Memory: one part of each. */
export async function* pairedEntries(
  reader: Pick<VaultReader, 'readTree'>,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  options: Pick<ReadTreeOptions, 'signal' | 'onLostPart'> = {},
): AsyncGenerator<EntryPair> {
  const left = from ? reader.readTree(from, options) : nothing();
  const right = to ? reader.readTree(to, options) : nothing();
  try {
    let a = await left.next();
    let b = await right.next();
    while (!a.done || !b.done) {
      const order = a.done ? 1 : b.done ? -1 : Buffer.compare(a.value.name, b.value.name);
      if (!a.done && order <= 0) yield [a.value, b.done || order < 0 ? undefined : b.value];
      else if (!b.done) yield [undefined, b.value];
      if (order <= 0) a = await left.next();
      if (order >= 0) b = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
}

async function* nothing(): AsyncGenerator<TreeEntry> {
  // A directory that is not there.
}
