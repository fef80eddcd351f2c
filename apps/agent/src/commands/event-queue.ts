import type { CommandEvent } from '../output/command-event.ts';

/**
 * Turns work that reports by callback into a stream of events. Progress that nobody has taken yet is replaced by newer
 * progress, so a slow reader never fills the memory. The stream ends when the work does, and throws what it threw;
 * leaving the stream early gives `onLeave` a chance to stop the work, and waits for it.
 */
export async function* eventsOf(
  work: (emit: (event: CommandEvent) => void) => Promise<void>,
  onLeave: () => void,
): AsyncGenerator<CommandEvent> {
  const queue: CommandEvent[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const emit = (event: CommandEvent): void => {
    if (event.event === 'progress' && queue.at(-1)?.event === 'progress') queue.pop();
    queue.push(event);
    wake?.();
  };
  const working = work(emit)
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      ended = true;
      wake?.();
    });
  try {
    for (;;) {
      const event = queue.shift();
      if (event) {
        yield event;
      } else if (ended) {
        if (failure) throw failure.error;
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
        wake = undefined;
      }
    }
  } finally {
    if (!ended) onLeave();
    await working;
  }
}
