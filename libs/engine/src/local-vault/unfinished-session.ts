import type { PackStore, RebuiltIndex, VaultHead } from '#libs/vault';
import { rebuildIndex } from '#libs/vault';
import type { OpenedVault } from '../open-reader.ts';
import type { RetiredPack } from './retired-packs.ts';
import type { JournalEntry } from './session-journal.ts';

/**
 * Packs that a session stored without coming to its commit. Known ones were committed and only the journal was not cut
 * down; dead and retired ones are on their way out and must not come back. A pack that is damaged on the disk is left out:
 * nothing refers to it, so its chunks are simply stored again.
 */
export async function findUnfinished(
  journal: readonly JournalEntry[],
  vault: { readonly head: VaultHead; readonly store: PackStore; readonly opened: OpenedVault; readonly retired: readonly RetiredPack[] },
): Promise<RebuiltIndex | undefined> {
  const { head, store, opened, retired } = vault;
  const { packs } = opened.reader;
  const leaving = new Set(retired.map(({ packId }) => packId));
  const stored: JournalEntry[] = [];
  for (const entry of journal) {
    const known = packs.ordinalOf(entry.packId) !== undefined || packs.get(entry.ordinal) !== undefined;
    if (known || head.dead?.has(entry.ordinal) || leaving.has(entry.packId)) continue;
    if (await store.has(entry.packId)) stored.push(entry);
  }
  return stored.length === 0 ? undefined : rebuildIndex(opened.opener, opened.blocks, stored);
}
