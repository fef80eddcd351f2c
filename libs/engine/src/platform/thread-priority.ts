import { constants, setPriority } from 'node:os';

/**
 * Puts the calling thread below normal priority, for as long as it lives: an ordinary user may lower a priority and never raise it again, so a thread
 * that also does what a person waits for must not be lowered. Does nothing where priorities are not of threads, or the system refuses.
 */
export function lowerThisThread(): void {
  // setpriority(2) with 0 means the calling thread on Linux, the whole process elsewhere.
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Lower already, or not allowed in this sandbox: then it runs as it is.
  }
}
