import type { OnProgress } from '#libs/engine';
import type { CommandEvent } from '../output/command-event.ts';

/** What the work of a command has to report with. */
export interface Reporting {
  readonly emit: (event: CommandEvent) => void;
  /** For the pipelines of the engine: how far they are, as events. */
  readonly onProgress: OnProgress;
  /** Ends with the command's own signal, and when nobody reads the stream any more. */
  readonly signal: AbortSignal;
}

/**
 * Turns work that reports by callback into a stream of events. Progress that nobody has taken yet is replaced by newer
 * progress, so a slow reader never fills the memory. The stream ends when the work does, and throws what it threw;
 * leaving the stream early stops the work by its signal, and waits for it.
 */
export async function* eventsOf(outer: AbortSignal, work: (reporting: Reporting) => Promise<void>): AsyncGenerator<CommandEvent> {
  const stop = new AbortController();
  const queue: CommandEvent[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const emit = (event: CommandEvent): void => {
    if (event.event === 'progress' && queue.at(-1)?.event === 'progress') queue.pop();
    queue.push(event);
    wake?.();
  };
  const onProgress: OnProgress = ({ phase, filesDone, filesTotal, bytesDone, bytesTotal, current }) =>
    emit({ event: 'progress', phase, filesDone, filesTotal, bytesDone, bytesTotal, current });
  const working = work({ emit, onProgress, signal: AbortSignal.any([outer, stop.signal]) })
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
    if (!ended) stop.abort(new DOMException('the command was left', 'AbortError'));
    await working;
  }
}
