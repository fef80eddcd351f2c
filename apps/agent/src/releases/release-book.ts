import { join } from 'node:path';
import { z } from 'zod';
import { base64Url, packId, releaseReason, signedStatement, timeMs } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { JsonFile } from '../home/json-file.ts';

/**
 * Something that forget or prune left for the coordinator. new: not accepted yet · waiting: a person has to approve it · accepted:
 * countersigned, own copies may go · done: they are gone · cancelled: somebody wants the packs kept · refused · lapsed: cancelled or refused
 * long ago, so that its packs may be proposed again.
 */
const proposal = z.strictObject({
  version: z.literal(1),
  number: z.int().min(1),
  state: z.enum(['new', 'waiting', 'accepted', 'done', 'cancelled', 'refused', 'lapsed']),
  /** Until the coordinator has it. */
  head: z
    .strictObject({
      bytes: base64Url(8 * 1024 * 1024),
      needs: z.array(z.strictObject({ sequence: z.int().min(1), neededPacks: base64Url(4 * 1024 * 1024) })),
    })
    .nullable(),
  headSequence: z.int().min(1),
  /** Empty: a head without a release. */
  packIds: z.array(packId),
  reason: releaseReason,
  /** As it was sent, so that a repeated call is the same call. */
  statement: signedStatement.nullable(),
  releaseId: z.uuid().nullable(),
  /** As the coordinator said last. */
  holdUntilMs: timeMs.optional(),
  explanation: z.string().optional(),
  /** When this device heard that it was cancelled or refused, or had removed its own copies. */
  endedAtMs: timeMs.optional(),
});
export type Proposal = z.infer<typeof proposal>;

/** What this device wants released, a file each, and which packs it named ever. */
export class ReleaseBook {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #proposals = new Map<number, Proposal>();

  private constructor(files: DurableFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Throws `home_corrupt`. */
  static async open(files: DurableFiles, folder: string): Promise<ReleaseBook> {
    const book = new ReleaseBook(files, folder);
    await files.sweep(folder);
    for (const { name, kind } of await files.list(folder)) {
      const number = Number(/^(\d{12})\.json$/.exec(name)?.[1]);
      if (kind !== 'file' || !number) continue;
      const read = await book.#file(number).read();
      if (read) book.#proposals.set(number, read);
    }
    return book;
  }

  /** In the order in which they were proposed. */
  inState(...states: readonly Proposal['state'][]): Proposal[] {
    return [...this.#proposals.values()].filter((one) => states.includes(one.state)).sort((a, b) => a.number - b.number);
  }

  all(): Proposal[] {
    return [...this.#proposals.values()];
  }

  /** Every pack that was proposed, and neither refused nor lapsed. */
  proposed(): Set<PackId> {
    return new Set([...this.#proposals.values()].flatMap((one) => (one.state === 'refused' || one.state === 'lapsed' ? [] : one.packIds)));
  }

  /** Durable when it resolves. */
  async add(one: Omit<Proposal, 'version' | 'number' | 'state' | 'statement' | 'releaseId'>): Promise<void> {
    const number = Math.max(0, ...this.#proposals.keys()) + 1;
    await this.put({ version: 1, number, state: 'new', statement: null, releaseId: null, ...one });
  }

  async put(one: Proposal): Promise<void> {
    await this.#file(one.number).write(one);
    this.#proposals.set(one.number, one);
  }

  /** As if it had never been proposed. */
  async remove(number: number): Promise<void> {
    await this.#files.remove(this.#path(number));
    this.#proposals.delete(number);
  }

  #path(number: number): string {
    return join(this.#folder, `${String(number).padStart(12, '0')}.json`);
  }

  #file(number: number): JsonFile<Proposal> {
    return new JsonFile(this.#files, this.#path(number), proposal);
  }
}
