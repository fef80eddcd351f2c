import { readFileSync } from 'node:fs';

/** For how long, in all, this thread could have gone on and had no core, in ms. 0 where the system does not tell: only Linux does (proc(5), `schedstat`). */
export function heldUpMs(): number {
  try {
    const [, ns] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return Number(ns) / 1e6 || 0;
  } catch {
    return 0;
  }
}
