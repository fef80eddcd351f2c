import { deflateSync } from 'node:zlib';
import type { LocalVault } from '../local-vault/local-vault.ts';
import { NeededBySnapshot } from './needed-by-snapshot.ts';

/** A snapshot of the present head and the packs that it needs now. */
export interface RetainedPacks {
  readonly sequence: number;
  /** Zlib-deflated bitmap of ordinals, index packs included, as in `CommittedSnapshot`. */
  readonly neededPacks: Uint8Array;
  readonly neededPackCount: number;
}

/** What each snapshot of the head needs, oldest first: for the coordinator after a prune, when packs changed under all of them. */
export async function* retainedSnapshots(vault: LocalVault, signal?: AbortSignal): AsyncGenerator<RetainedPacks> {
  const { reader } = await vault.openReader();
  const walk = new NeededBySnapshot(reader, signal);
  for await (const snapshot of reader.snapshots(signal ? { signal } : {})) {
    const needed = await walk.next(snapshot);
    for (const { ordinal } of reader.head.indexPacks) needed.set(ordinal);
    yield { sequence: snapshot.sequence, neededPacks: deflateSync(needed.toBytes()), neededPackCount: needed.count };
  }
}
