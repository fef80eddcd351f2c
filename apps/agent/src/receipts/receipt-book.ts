import { join } from 'node:path';
import { z } from 'zod';
import { receipt as receiptSchema, type ReceiptList, type SignedStatement, signedStatement } from '#libs/contracts';
import { peekStatement } from '#libs/crypto';
import { type DeviceId, isAppError, type PackId, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';

const line = z.strictObject({ cursor: z.int(), receipt: signedStatement });
/** A million receipts of some 700 bytes would be 700 MB: far beyond what one device's vault gets. */
const maxBookBytes = 512 * 1024 * 1024;

/**
 * What holders signed for this device's packs: who has what, known without the coordinator. An append-only file of one
 * JSON line a receipt; each carries its signature, so a line that a crash tore is left out when it is read.
 */
export class ReceiptBook {
  readonly #files: DurableFiles;
  readonly #path: string;
  readonly #holders = new Map<PackId, DeviceId[]>();
  #cursor = 0;
  #count = 0;

  private constructor(files: DurableFiles, folder: string) {
    this.#files = files;
    this.#path = join(folder, 'receipts.jsonl');
  }

  static async open(files: DurableFiles, folder: string): Promise<ReceiptBook> {
    const book = new ReceiptBook(files, folder);
    const text = await book.#read();
    for (const piece of text.split('\n')) book.#remember(piece);
    // After a torn line the next one must start on its own.
    if (text !== '' && !text.endsWith('\n')) await files.append(book.#path, utf8('\n'));
    return book;
  }

  /** Where to go on asking the coordinator. */
  get cursor(): number {
    return this.#cursor;
  }

  get count(): number {
    return this.#count;
  }

  /** Devices that signed for the pack, oldest first. */
  holdersOf(packId: PackId): readonly DeviceId[] {
    return this.#holders.get(packId) ?? [];
  }

  /** Every device that holds something for us. */
  holders(): ReadonlySet<DeviceId> {
    return new Set([...this.#holders.values()].flat());
  }

  /** Every receipt as its holder signed it, the newest for a pack and holder; for a coordinator that has lost them. Memory: the book. */
  async *entries(): AsyncGenerator<ReceiptList['receipts'][number]> {
    const newest = new Map<string, ReceiptList['receipts'][number]>();
    for (const piece of (await this.#read()).split('\n')) {
      const entry = parsed(piece);
      if (entry) newest.set(`${entry.packId}/${entry.holderDeviceId}`, { cursor: entry.cursor, receipt: entry.receipt });
    }
    yield* newest.values();
  }

  /** Adds a page of the coordinator's list; `isGenuine` checks the holder's signature. Returns how many were kept. */
  async add(page: ReceiptList, isGenuine: (statement: z.infer<typeof signedStatement>) => boolean): Promise<number> {
    const kept = page.receipts.filter(({ receipt }) => isGenuine(receipt));
    if (kept.length > 0) {
      const lines = kept.map((entry) => JSON.stringify(entry));
      await this.#files.append(this.#path, utf8(`${lines.join('\n')}\n`));
      for (const piece of lines) this.#remember(piece);
    }
    // A refused receipt is passed over too, or the rest would never come.
    this.#cursor = Math.max(this.#cursor, page.nextCursor);
    return kept.length;
  }

  #remember(piece: string): void {
    // A torn or damaged line: the coordinator has the receipt, and its cursor was not counted.
    const entry = parsed(piece);
    if (!entry) return;
    const { packId, holderDeviceId, cursor } = entry;
    const known = this.#holders.get(packId);
    if (!known) this.#holders.set(packId, [holderDeviceId]);
    else if (!known.includes(holderDeviceId)) known.push(holderDeviceId);
    this.#cursor = Math.max(this.#cursor, cursor);
    this.#count += 1;
  }

  async #read(): Promise<string> {
    try {
      return new TextDecoder().decode(await this.#files.read(this.#path, { maxBytes: maxBookBytes }));
    } catch (error) {
      if (isAppError(error, 'file_not_found')) return '';
      throw error;
    }
  }
}

function parsed(
  piece: string,
): { readonly cursor: number; readonly receipt: SignedStatement; readonly packId: PackId; readonly holderDeviceId: DeviceId } | undefined {
  if (piece === '') return undefined;
  try {
    const { cursor, receipt } = line.parse(JSON.parse(piece));
    const { packId, holderDeviceId } = receiptSchema.parse(peekStatement('receipt', receipt));
    return { cursor, receipt, packId, holderDeviceId };
  } catch {
    return undefined;
  }
}
