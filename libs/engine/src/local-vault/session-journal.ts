import { crc32 } from 'node:zlib';
import { isPackId, Mutex, type PackId } from '#libs/kernel';
import { FilesError, type DurableFiles } from '#libs/kernel/node';
import { isAppError } from '#libs/kernel';

export interface JournalEntry {
  readonly ordinal: number;
  readonly packId: PackId;
}

/**
 * Some 85 bytes a pack at most, of as many packs as a vault may have: a first backup of many terabytes that is stopped before its end must not leave a vault that
 * does not open. Read once, and as large as what was stored.
 */
const journalBytes = 96 * 1024 * 1024;

/**
 * Which packs the unfinished session was about to store, so that a crash loses none of them. An entry is durable
 * before its pack is: so every pack in the store is in the journal or in a committed index, and an entry without a pack
 * means nothing. Lines of text with a checksum each; a torn line is skipped.
 */
export class SessionJournal {
  readonly #files: DurableFiles;
  readonly #path: string;
  /** Packs come at the same time, and a commit cuts the file meanwhile: an entry that goes to a file on its way out is lost. */
  readonly #writes = new Mutex();

  constructor(files: DurableFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  async add(entries: readonly JournalEntry[]): Promise<void> {
    // The line break stands in front, so that a torn line before doesn't swallow this one.
    const text = entries.map((entry) => `\n${line(entry)}`).join('');
    await this.#writes.run(() => this.#files.append(this.#path, Buffer.from(text)));
  }

  async read(): Promise<JournalEntry[]> {
    let text: string;
    try {
      text = Buffer.from(await this.#files.read(this.#path, { maxBytes: journalBytes })).toString('latin1');
    } catch (error) {
      if (error instanceof FilesError && isAppError(error, 'file_not_found')) return [];
      throw error;
    }
    const entries: JournalEntry[] = [];
    for (const found of text.split('\n')) {
      const [version, ordinalText, packId] = found.split(' ');
      const ordinal = Number(ordinalText);
      if (version !== '1' || !packId || !isPackId(packId) || !Number.isInteger(ordinal) || ordinal < 0) continue;
      if (found === line({ ordinal, packId })) entries.push({ ordinal, packId });
    }
    return entries;
  }

  /** After a commit: only what it left out stays. Asked for when no entry is being added. */
  async keepOnly(left: () => readonly JournalEntry[]): Promise<void> {
    await this.#writes.run(async () => {
      const entries = left();
      if (entries.length === 0) await this.#files.remove(this.#path);
      else await this.#files.replace(this.#path, Buffer.from(entries.map((entry) => `\n${line(entry)}`).join('')));
    });
  }
}

function line({ ordinal, packId }: JournalEntry): string {
  const body = `1 ${ordinal} ${packId}`;
  return `${body} ${crc32(body).toString(16).padStart(8, '0')}`;
}
