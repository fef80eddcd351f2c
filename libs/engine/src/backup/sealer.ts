import type { VaultKeys } from '#libs/crypto';
import type { VaultId } from '#libs/kernel';
import type { VaultParameters } from '#libs/vault/sealing';
import type { FileProblem, StopSignal } from '../errors.ts';
import type { DataRange, ExtendedAttribute, FileFacts } from '../platform/index.ts';
import type { FinishedPack } from './data-pack-writer.ts';
import type { PartJob, PartOutcome } from './file-part.ts';
import type { FileSpool } from './file-spool.ts';

/** What a sealer needs to know of the vault; plain data, so that it can go to a worker thread. */
export interface SealerVault {
  readonly vaultId: VaultId;
  readonly keys: VaultKeys;
  readonly epoch: number;
  readonly parameters: VaultParameters;
}

/** How a sealer reaches the one index and the one store: direct calls here, messages from a worker. */
export interface SealerPorts {
  /** `ids`: 32 bytes each. One byte each in answer: 1 = new, and from now on this sealer's to store. */
  claim(ids: Uint8Array): Promise<Uint8Array>;
  /** Resolves when the pack is stored or waits among few; that is the back-pressure. */
  store(pack: FinishedPack): Promise<void>;
  /** A file for an open pack. Absent: packs are filled in memory. */
  readonly newSpool?: (() => Promise<FileSpool>) | undefined;
}

/** What the scan saw of a file: enough to tell whether it is still that file, as it was. */
export type SeenFile = Pick<FileFacts, 'kind' | 'sizeBytes' | 'allocatedBytes' | 'mtimeNs' | 'ctimeNs' | 'device' | 'inode'>;

export interface FileJob {
  readonly path: Buffer;
  readonly seen: SeenFile;
  /** Bytes of it that were read already, in parts, and count for nothing: it changed meanwhile. It is read once more then, not twice. */
  readonly readInVain?: number;
}

/** What became of one file. Plain data. */
export interface SealedFile {
  /** As of the moment before the read that counts; undefined: as the scan saw it, which nearly all are. */
  readonly facts: FileFacts | undefined;
  /** Bytes of the file as stored, holes included. */
  readonly sizeBytes: number;
  /** Chunk ids in order, 32 bytes each. */
  readonly ids: Uint8Array;
  readonly dataRanges: readonly DataRange[] | undefined;
  readonly attributes: readonly ExtendedAttribute[];
  /** Why attributes are missing, where some are. */
  readonly attributesProblem?: FileProblem;
  readonly changedWhileRead: boolean;
  readonly readBytes: number;
  readonly newChunks: number;
}

export type FileOutcome = SealedFile | { readonly problem: FileProblem };

/** Seals batches, here or in a thread. One call at a time. */
export interface Sealer {
  seal(jobs: readonly FileJob[], signal?: StopSignal): Promise<FileOutcome[]>;
  sealPart(job: PartJob, signal?: StopSignal): Promise<PartOutcome>;
  flush(): Promise<void>;
  close(): Promise<void>;
}
