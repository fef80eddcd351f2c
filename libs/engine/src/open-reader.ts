import type { Primitives } from '#libs/crypto';
import { type BlockRejected, type BlockSource, VaultReader, VerifiedBlocks } from '#libs/vault';

export interface OpenReaderOptions {
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  /** In the order in which they are asked: the local store first, then holders. */
  readonly sources: readonly BlockSource[];
  /** The owner's device key where it is known from elsewhere. */
  readonly expectedSigningKey?: Uint8Array;
  readonly onRejected?: (rejected: BlockRejected) => void;
  readonly signal?: AbortSignal;
}

/** A reader over several sources that remembers which blocks were bad where; pass both to {@link restore}. Throws what {@link VaultReader.open} throws. */
export async function openReader(
  options: OpenReaderOptions,
): Promise<{ readonly reader: VaultReader; readonly rejected: readonly BlockRejected[] }> {
  const { primitives, masterKey, headerBytes, headBytes, sources, expectedSigningKey, signal } = options;
  const rejected: BlockRejected[] = [];
  const onRejected = (one: BlockRejected): void => {
    rejected.push(one);
    options.onRejected?.(one);
  };
  const blocks = new VerifiedBlocks({ primitives, sources, onRejected, cacheLeaves: 48 });
  const reader = await VaultReader.open({
    primitives,
    masterKey,
    headerBytes,
    headBytes,
    blocks,
    expectedSigningKey,
    ...(signal && { signal }),
  });
  return { reader, rejected };
}
