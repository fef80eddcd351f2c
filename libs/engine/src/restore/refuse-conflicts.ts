import type { Snapshot, TreeEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type Platform } from '../platform/index.ts';
import type { ChosenWalks } from './chosen-walks.ts';

/**
 * For the rule `fail`: throws `conflict` when anything but folders is in the way of what will be restored, before anything is written. What is in a folder
 * that is not there need not be looked for. `to`: where the top of the snapshot goes; undefined: the original places.
 */
export async function refuseConflicts(snapshot: Snapshot, walks: ChosenWalks, platform: Platform, to: Buffer | undefined): Promise<void> {
  const base = to === undefined ? [] : platform.split(to);
  let absent: TreeEntry | undefined;
  for (const walk of walks.toLook(snapshot, (folder) => folder !== absent)) {
    for await (const { path, entry } of walk) {
      const target = platform.fromParts([...base, ...path.map((name) => Buffer.from(name))]);
      const existing = platform.factsIfAny(target);
      if (!existing) absent = entry;
      if (!existing || (existing.kind === 'directory' && entry.type === 'directory')) continue;
      throw new EngineError('conflict', `${displayPath(target)} is there already; nothing was restored`, {
        context: { path: displayPath(target) },
        nextStep: 'Restore to another folder, or choose to keep both, to overwrite or to skip.',
      });
    }
  }
}
