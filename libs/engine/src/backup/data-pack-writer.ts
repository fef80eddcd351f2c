import { pageAligned } from '#libs/kernel/node';
import { PackWriter, type PackWriterOptions, SpooledPackWriter, type StagedPack, type WrittenPack } from '#libs/vault/sealing';
import type { FileSpool } from './file-spool.ts';

/** A finished pack in memory, or in a file that its store is to adopt. Plain data: passes between threads. */
export type FinishedPack = WrittenPack | (Omit<WrittenPack, 'bytes'> & StagedPack);

/** Fills data packs, one call at a time. */
export interface DataPackWriter {
  readonly pendingChunks: number;
  /** Adds a chunk that is known to be new. Returns the pack that became full by it, or undefined: there is nothing to wait for before the next call. */
  add(id: Uint8Array, plaintext: Uint8Array): FinishedPack | Promise<FinishedPack | undefined> | undefined;
  flush(): Promise<FinishedPack[]>;
  discard(): Promise<void>;
}

/** With files for the open packs, or without: then they are filled in memory. */
export function dataPackWriter(options: PackWriterOptions, newSpool: (() => Promise<FileSpool>) | undefined): DataPackWriter {
  if (!newSpool) {
    const writer = new PackWriter(options);
    return {
      get pendingChunks() {
        return writer.pendingChunks;
      },
      add: (id, plaintext) => writer.add('data', id, plaintext)[0],
      flush: async () => writer.flush(),
      discard: async () => undefined,
    };
  }
  const writer = new SpooledPackWriter({ ...options, newSpool, newMemory: pageAligned });
  const finished = (pack: Awaited<ReturnType<typeof writer.flush>>[number]): FinishedPack => {
    if ('bytes' in pack) return pack;
    const { spool, ...facts } = pack;
    return { ...facts, path: spool.path };
  };
  return {
    get pendingChunks() {
      return writer.pendingChunks;
    },
    add: (id, plaintext) => writer.add('data', id, plaintext)?.then((full) => full && finished(full)),
    flush: async () => (await writer.flush()).map(finished),
    discard: () => writer.discard(),
  };
}
