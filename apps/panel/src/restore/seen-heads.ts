/** Whether what was served is at least as new as anything that this browser has seen of the vault. */
export type ServedHead = 'fresh' | 'older-than-seen';

/**
 * Remembers the newest head sequence seen per vault, so that a coordinator or holder which serves an old one is noticed.
 * Storage that can't be used (private windows) remembers nothing and says `fresh`.
 */
export function rememberHead(storage: Pick<Storage, 'getItem' | 'setItem'>, vaultId: string, sequence: number): ServedHead {
  const key = `holdfast.head.${vaultId}`;
  try {
    const seen = Number(storage.getItem(key) ?? 0);
    if (sequence < seen) return 'older-than-seen';
    storage.setItem(key, String(sequence));
  } catch {
    return 'fresh';
  }
  return 'fresh';
}
