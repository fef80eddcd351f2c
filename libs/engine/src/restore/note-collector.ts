import type { Note } from './write-messages.ts';

/** Where steps of a restore say what could not be applied. */
export interface Notes {
  note(path: Uint8Array, code: string, message: string): void;
  /** A note that is said for the first file only, since it goes for many. */
  noteOnce(path: Uint8Array, code: string, message: string): void;
}

/** Notes on their way to the restore's own counts. */
export class NoteCollector implements Notes {
  #notes: Note[] = [];
  readonly #said = new Set<string>();

  note(path: Uint8Array, code: string, message: string): void {
    this.#notes.push({ path: Buffer.from(path).toString('latin1'), code, message, once: false });
  }

  noteOnce(path: Uint8Array, code: string, message: string): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#notes.push({ path: Buffer.from(path).toString('latin1'), code, message, once: true });
  }

  take(): Note[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }
}
