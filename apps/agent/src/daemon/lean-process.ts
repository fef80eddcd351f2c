/**
 * V8 sizes its young generation when it starts, for throughput: up to 64 MB that an idle daemon never needs. And glibc
 * keeps an arena of freed memory for each thread, and large freed buffers of a backup for the next one. All that can only
 * be said before the process begins; so can that `collectWhenQuiet` may ask for a collection.
 */
const flags = ['--max-semi-space-size=2', '--optimize-for-size', '--expose-gc', '--disable-warning=ExperimentalWarning'];
const environment = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/**
 * Starts this very process again with settings for a small idle daemon: same pid, same open streams, so a service
 * manager sees nothing of it. Returns where that is not possible (Windows), or already done.
 */
export function becomeLean(): void {
  if (process.execArgv.some((flag) => flag.startsWith('--max-semi-space-size'))) return;
  if (typeof process.execve !== 'function' || process.platform === 'win32') return;
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  process.removeAllListeners('warning');
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)], { ...environment, ...env });
}
