import { abortable } from '#libs/vault';

/**
 * Lets any number of sessions run side by side, and one short step alone: a session counts on every chunk that it found
 * known until its snapshot is committed, so packs may only go while none is under way. Who wants to be alone waits for the
 * sessions that run; those that come meanwhile wait for it.
 */
export class SessionGate {
  #sessions = 0;
  #alone: Promise<void> | undefined;
  #noSession: (() => void) | undefined;

  get sessions(): number {
    return this.#sessions;
  }

  /** Whether nobody is in a session, nor alone. */
  get isFree(): boolean {
    return this.#sessions === 0 && this.#alone === undefined;
  }

  /** Returns what ends the session; calling it twice is no error. */
  async enter(): Promise<() => void> {
    while (this.#alone) await this.#alone;
    this.#sessions += 1;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#sessions -= 1;
      if (this.#sessions === 0) this.#noSession?.();
    };
  }

  /** Runs `work` while no session is under way. Throws the signal's reason when it is aborted before that. */
  async alone<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    while (this.#alone) await abortable(this.#alone, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone = promise;
    try {
      while (this.#sessions > 0) {
        const empty = new Promise<void>((done) => (this.#noSession = done));
        await abortable(empty, signal);
      }
      return await work();
    } finally {
      this.#noSession = undefined;
      this.#alone = undefined;
      resolve();
    }
  }
}
