import { deflateSync } from 'node:zlib';
import { isAppError } from '#libs/kernel';
import { throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import { NeededBySnapshot } from './needed-by-snapshot.ts';

/** A snapshot of the present head and the packs that it needs now. */
export interface RetainedPacks {
  readonly sequence: number;
  /** Zlib-deflated bitmap of ordinals, index packs included, as in `CommittedSnapshot`. */
  readonly neededPacks: Uint8Array;
  readonly neededPackCount: number;
}

/**
 * What each snapshot of the head needs, oldest first: for the coordinator after a prune, when packs changed under all of them. A snapshot with
 * lost parts is left out: what was last said of it, the lost pack included, stays true, until a repair marks it and it does without them.
 */
export async function* retainedSnapshots(vault: LocalVault, signal?: AbortSignal): AsyncGenerator<RetainedPacks> {
  const { reader } = await vault.openReader();
  let walk = new NeededBySnapshot(reader, signal);
  for (const { sequence } of reader.head.snapshots) {
    try {
      const snapshot = await reader.snapshot(sequence, signal ? { signal } : {});
      const needed = await walk.next(snapshot);
      if (walk.lostReferences > 0 && !snapshot.lost) continue;
      for (const { ordinal } of reader.head.indexPacks) needed.set(ordinal);
      yield { sequence, neededPacks: deflateSync(needed.toBytes()), neededPackCount: needed.count };
    } catch (error) {
      throwIfInterrupted(signal);
      if (!isAppError(error)) throw error;
      // It stopped in the middle of its counting.
      walk = new NeededBySnapshot(reader, signal);
    }
  }
}
