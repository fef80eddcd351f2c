import type { BackupOptions } from '#libs/engine';
import { AgentError } from '../errors.ts';

/** How much of the machine and of everybody's time a backup may take; what is absent is the engine's default. */
export type BackupResources = Pick<BackupOptions, 'workers' | 'memoryBytes' | 'silentMs'>;

const mostWorkers = 64;
const leastMemoryMiB = 64;
/** More would be longer than anybody waits for a file. */
const mostSilentSeconds = 3600;

/**
 * `HOLDFAST_BACKUP_WORKERS` (threads, 0 to 64), `HOLDFAST_BACKUP_MEMORY_MIB` (at least 64) and `HOLDFAST_SILENT_SECONDS` (1 to 3,600). Throws `bad_argument` for
 * anything else.
 */
export function backupResources(env: NodeJS.ProcessEnv): BackupResources {
  const workers = wholeNumber(env, 'HOLDFAST_BACKUP_WORKERS', 0, mostWorkers);
  const memoryMiB = wholeNumber(env, 'HOLDFAST_BACKUP_MEMORY_MIB', leastMemoryMiB, Number.MAX_SAFE_INTEGER);
  const silentSeconds = wholeNumber(env, 'HOLDFAST_SILENT_SECONDS', 1, mostSilentSeconds);
  return {
    ...(workers !== undefined && { workers }),
    ...(memoryMiB !== undefined && { memoryBytes: memoryMiB * 1024 * 1024 }),
    ...(silentSeconds !== undefined && { silentMs: silentSeconds * 1000 }),
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, least: number, most: number): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new AgentError('bad_argument', `${name} is "${text}"`, { nextStep: `Set it to a whole number from ${least}, or leave it out.` });
}
