/**
 * Applies `work` to every item with at most `concurrency` under way, yielding results in completion order.
 * The first failure aborts the signal given to the others and is thrown once they have all settled.
 * Memory: at most `concurrency` items and results.
 */
export async function* mapConcurrent<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<R> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const running = new Set<Promise<{ self: Promise<unknown>; value: R }>>();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      while (running.size < concurrency) {
        const next = await iterator.next();
        if (next.done) break;
        const task: Promise<{ self: Promise<unknown>; value: R }> = work(next.value, signal).then((value) => ({ self: task, value }));
        task.catch(() => undefined);
        running.add(task);
      }
      if (running.size === 0) return;
      const { self, value } = await Promise.race(running);
      running.delete(self as Promise<{ self: Promise<unknown>; value: R }>);
      yield value;
    }
  } finally {
    stop.abort(new DOMException('the other items were given up', 'AbortError'));
    await Promise.allSettled(running);
    await iterator.return?.();
  }
}

/** Runs {@link mapConcurrent} for its effects. */
export async function forEachConcurrent<T>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  for await (const _ of mapConcurrent(items, concurrency, work, options)) void _;
}

async function unlessAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** One at a time, in the order of asking. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** `signal` ends the waiting, with its reason; work that has begun is the work's own to stop. */
  async run<T>(work: () => Promise<T>, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    const { signal } = options;
    signal?.throwIfAborted();
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    try {
      await (signal ? unlessAborted(before, signal) : before);
    } catch (error) {
      // Whoever comes after still waits for those before.
      void before.then(resolve);
      throw error;
    }
    try {
      return await work();
    } finally {
      resolve();
    }
  }
}
