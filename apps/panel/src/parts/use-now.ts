import { useSyncExternalStore } from 'react';

const stepMs = 15_000;
let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, stepMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** The time, renewed every 15 s by one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => nowMs);
