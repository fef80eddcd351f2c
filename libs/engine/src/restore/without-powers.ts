import type { TreeEntry, WalkedEntry } from '#libs/vault';

/** Set-user-id and set-group-id: the program acts for its owner, whoever starts it. */
const setIds = 0o6000;

/**
 * A walk without what gives powers on the machine that it is restored to, for content that another machine made: set-id bits, attributes of the name space
 * `security` (capabilities), devices. `leftOut` is told of the devices.
 */
export async function* withoutPowers(
  walk: AsyncIterable<WalkedEntry>,
  leftOut: (path: readonly Uint8Array[]) => void,
): AsyncGenerator<WalkedEntry> {
  for await (const walked of walk) {
    const { type } = walked.entry;
    if (type === 'char-device' || type === 'block-device') leftOut(walked.path);
    else yield { ...walked, entry: harmless(walked.entry) };
  }
}

function harmless(entry: TreeEntry): TreeEntry {
  const { xattrs } = entry;
  const gives = (name: Uint8Array): boolean => Buffer.from(name).toString('latin1').startsWith('security.');
  if ((entry.mode & setIds) === 0 && !xattrs?.some(({ name }) => gives(name))) return entry;
  return { ...entry, mode: entry.mode & ~setIds, ...(xattrs && { xattrs: xattrs.filter(({ name }) => !gives(name)) }) };
}
