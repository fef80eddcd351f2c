import { Mutex, type PackId } from '#libs/kernel';

/** Changes to one pack happen one after the other; different packs don't wait for each other's fsync. Memory: only of packs that are being changed. */
export class PackLocks {
  readonly #locks = new Map<PackId, { readonly mutex: Mutex; users: number }>();

  /** Runs `work` when no other work for this pack runs. Throws what it throws. */
  async run(packId: PackId, work: () => Promise<void>): Promise<void> {
    const lock = this.#locks.get(packId) ?? { mutex: new Mutex(), users: 0 };
    this.#locks.set(packId, lock);
    lock.users += 1;
    try {
      await lock.mutex.run(work);
    } finally {
      lock.users -= 1;
      if (lock.users === 0) this.#locks.delete(packId);
    }
  }
}
