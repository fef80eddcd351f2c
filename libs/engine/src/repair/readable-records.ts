import type { SnapshotStats } from '#libs/contracts';
import { isAppError, systemClock } from '#libs/kernel';
import { decodeSnapshotRecord, encodeSnapshotRecord, type HeadSnapshot, openPackDirectory, type SnapshotRecord } from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';

/** The plain record of a snapshot, also out of an index pack whose fragments are damaged; undefined when it can't be read. */
export async function readableRecord(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  snapshot: HeadSnapshot,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const read = signal ? { signal } : {};
  const { ordinal, packId } = vault.head.indexPacks[snapshot.pack]!;
  try {
    const pack = vault.packs.get(ordinal) ?? (await openPackDirectory(opener, blocks, packId, read));
    const sealed = await blocks.readRange(packId, snapshot.offset, snapshot.sealedLength, read);
    const plaintext = opener.open(pack, 'record', snapshot.recordId, snapshot, sealed);
    decodeSnapshotRecord(plaintext, vault.header.signingPublicKey);
    return plaintext;
  } catch (error) {
    throwIfInterrupted(signal);
    if (!isAppError(error)) throw error;
    return undefined;
  }
}

/**
 * Stands in for a newest snapshot whose record is lost: the newest readable one once more under the next number, since numbers are counted on from
 * the newest and never used twice. Without any it has no folders and is marked as partial.
 */
export async function standInRecord(
  vault: LocalVault,
  opened: OpenedVault,
  readable: HeadSnapshot | undefined,
): Promise<{ readonly sequence: number; readonly plaintext: Uint8Array }> {
  const last = vault.head.snapshots.at(-1)!;
  const plaintext = readable && (await readableRecord(vault, opened, readable, undefined));
  const nowMs = (vault.options.clock ?? systemClock).nowMs();
  const older: Omit<SnapshotRecord, 'sequence' | 'previous' | 'tags'> & { readonly tags?: readonly string[] } = plaintext
    ? decodeSnapshotRecord(plaintext, vault.header.signingPublicKey)
    : { startedAtMs: nowMs, endedAtMs: nowMs, host: '', user: '', roots: [], excludes: [], stats: noStats, partial: true, adHoc: true };
  const record = { ...older, sequence: last.sequence + 1, previous: last.recordId, tags: [...(older.tags ?? []), 'repaired'] };
  return { sequence: record.sequence, plaintext: encodeSnapshotRecord(record, vault.options.signingKeyPair) };
}

const noStats: SnapshotStats = {
  ...{ files: 0, directories: 0, bytes: 0, readBytes: 0, newFiles: 0, changedFiles: 0, unchangedFiles: 0 },
  ...{ newChunks: 0, newPackBytes: 0, newPacks: 0, errors: 0, durationMs: 0 },
};
