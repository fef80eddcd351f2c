import { isAppError, messageOf } from '#libs/kernel';
import type { ReadAttributes } from '../backup/read-attributes.ts';
import type { DataRange, FileFacts } from '../platform/index.ts';

/** A failure of one path, as it crosses over. */
export interface FarFailure {
  readonly code: string;
  readonly message: string;
}

/** Of whatever was thrown. */
export const failureOf = (error: unknown): FarFailure => ({
  code: isAppError(error) ? error.code : 'io_failed',
  message: messageOf(error),
});

/** What the process that reads from a far mount is asked; one request at a time. Paths are bytes. */
export type FarRequest =
  /** Facts of the first of these: of one there is always an answer, of several perhaps none yet, when the mount has only answered for later ones. */
  | { readonly type: 'facts'; readonly paths: readonly Uint8Array[] }
  /** The next names in a folder; `path` starts with it. */
  | { readonly type: 'names'; readonly path?: Uint8Array }
  | { readonly type: 'real-path'; readonly path: Uint8Array }
  /** The first bytes of a regular file; none of anything else. */
  | { readonly type: 'start'; readonly path: Uint8Array; readonly maxBytes: number }
  | { readonly type: 'link-target'; readonly path: Uint8Array }
  | { readonly type: 'attributes'; readonly path: Uint8Array }
  /** Opens a file to read its content in order; one that is open still is let go of. */
  | { readonly type: 'open'; readonly path: Uint8Array }
  | { readonly type: 'read' }
  /** Closes it, with a last look. */
  | { readonly type: 'end' };

export interface FarOpened {
  readonly facts: FileFacts;
  /** Undefined: dense. */
  readonly ranges: readonly DataRange[] | undefined;
  readonly contentBytes: number;
}

export interface FarEnded {
  readonly facts: FileFacts;
  readonly found: ReadAttributes;
  /** It ended before its facts said. */
  readonly short: boolean;
}

export interface FarAnswers {
  readonly facts: readonly (FileFacts | FarFailure)[];
  readonly names: { readonly names: readonly Buffer[]; readonly done: boolean };
  readonly 'real-path': Buffer;
  readonly start: Buffer;
  readonly 'link-target': Buffer;
  readonly attributes: ReadAttributes;
  readonly open: FarOpened;
  readonly read: Buffer;
  readonly end: FarEnded;
}

export type FarAnswer = { readonly ok: FarAnswers[keyof FarAnswers] } | { readonly failed: FarFailure };
