import type { Primitives } from '#libs/crypto';
import { toHex } from '#libs/kernel';
import type { Snapshot, VaultReader } from '../read/vault-reader.ts';

/** Every entry of a snapshot as plain JSON, contents as SHA-256: what golden vaults are compared with. */
export async function describeSnapshot(
  primitives: Pick<Primitives, 'sha256'>,
  reader: VaultReader,
  snapshot: Snapshot,
): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for await (const { path, entry } of reader.walk(snapshot)) {
    const { content, tree, name: _name, ...plain } = entry;
    void tree;
    let sha256: string | undefined;
    if (entry.type === 'file' && entry.error === undefined) {
      const whole = new Uint8Array(entry.size);
      let at = 0;
      for await (const bytes of reader.readFile(entry)) {
        whole.set(bytes, at);
        at += bytes.length;
      }
      sha256 = toHex(primitives.sha256(whole));
    }
    entries.push(
      JSON.parse(
        JSON.stringify(
          { path: path.map(toHex).join('/'), ...plain, form: content && ('ids' in content ? 'inline' : `list ${content.depth}`), sha256 },
          (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? toHex(value) : value),
        ),
      ) as Record<string, unknown>,
    );
  }
  return entries;
}
