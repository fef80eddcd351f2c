import type { ErrorContext } from '#libs/kernel';

/** How far a long command is. Totals are missing while they are not known. */
export interface ProgressEvent {
  readonly event: 'progress';
  /** What is being done now, one word: `scan`, `backup`, `fetch`, `restore`, `check`, `protect`. */
  readonly phase: string;
  readonly filesDone: number;
  readonly filesTotal?: number | undefined;
  readonly bytesDone: number;
  readonly bytesTotal?: number | undefined;
  /** File or pack at work. */
  readonly current?: string | undefined;
}

/** Something to know that does not stop the command: a file that can't be read, a block that was bad at one holder. */
export interface NoticeEvent {
  readonly event: 'notice';
  readonly code: string;
  readonly message: string;
  readonly path?: string | undefined;
}

/** One row of a list: `type` says of which. */
export interface ItemEvent {
  readonly event: 'item';
  readonly type: 'snapshot' | 'entry' | 'finding' | 'device' | 'key' | 'file' | 'folder' | 'pack';
  readonly [key: string]: unknown;
}

/** Bytes for standard output (`dump`); base64 in JSON. */
export interface DataEvent {
  readonly event: 'data';
  readonly base64: string;
}

/** Last event of a command that did what it could. `exitCode` is 0, or 3 when some files could not be read. */
export interface ResultEvent {
  readonly event: 'result';
  readonly command: string;
  readonly exitCode: number;
  readonly [key: string]: unknown;
}

/** Last event of a command that failed. `code` is stable; see docs/cli.md. */
export interface ErrorEvent {
  readonly event: 'error';
  readonly code: string;
  readonly message: string;
  readonly nextStep?: string | undefined;
  readonly temporary: boolean;
  readonly exitCode: number;
  readonly context?: ErrorContext | undefined;
}

export type CommandEvent = ProgressEvent | NoticeEvent | ItemEvent | DataEvent | ResultEvent | ErrorEvent;
