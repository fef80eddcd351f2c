import { z } from 'zod';
import { packId as packIdSchema } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { Mutex } from '#libs/kernel';
import type { FilePackStore } from '#libs/swarm';
import type { JsonFile } from '../home/json-file.ts';

export const damagedCopiesState = z.object({ packIds: z.array(packIdSchema) });
export type DamagedCopiesState = z.infer<typeof damagedCopiesState>;

/**
 * Packs of others whose copy on this disk was found damaged, until it was found or made whole again. Their files stay, since their good blocks may
 * be the last ones anywhere; but they are no copies that anybody may count on, so they are neither counted nor named in an inventory. Kept in
 * a file: a restart does not make them good.
 */
export class DamagedCopies {
  readonly #file: JsonFile<DamagedCopiesState>;
  readonly #held: FilePackStore;
  readonly #packIds: Set<PackId>;
  readonly #turn = new Mutex();

  private constructor(file: JsonFile<DamagedCopiesState>, held: FilePackStore, packIds: Iterable<PackId>) {
    this.#file = file;
    this.#held = held;
    this.#packIds = new Set(packIds);
  }

  /** A file that can't be read is taken for empty: the next reading of all packs finds them again. */
  static async open(file: JsonFile<DamagedCopiesState>, held: FilePackStore): Promise<DamagedCopies> {
    const state = await file.read().catch(() => undefined);
    return new DamagedCopies(file, held, state?.packIds ?? []);
  }

  has(packId: PackId): boolean {
    return this.#packIds.has(packId);
  }

  /** Durable when it resolves. */
  async note(packId: PackId, isDamaged: boolean): Promise<void> {
    if (this.#packIds.has(packId) === isDamaged) return;
    if (isDamaged) this.#packIds.add(packId);
    else this.#packIds.delete(packId);
    // In turn, so that the last state is what is written last. What was deleted meanwhile is forgotten on the way.
    await this.#turn.run(async () => {
      for (const known of this.#packIds) if (!(await this.#held.has(known))) this.#packIds.delete(known);
      await this.#file.write({ packIds: [...this.#packIds] });
    });
  }

  /** What is held for others and, as far as is known, whole; sizes in bytes. */
  async totals(): Promise<{ readonly packs: number; readonly bytes: number }> {
    let { packs, bytes } = this.#held.totals();
    for (const packId of this.#packIds) {
      const sizeBytes = await this.#held.size(packId);
      if (sizeBytes === undefined) continue;
      packs -= 1;
      bytes -= sizeBytes;
    }
    return { packs, bytes };
  }
}
