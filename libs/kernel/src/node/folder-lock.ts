import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../clock.ts';
import { AppError, systemErrorCode } from '../errors.ts';
import { processStartMark } from './process-start-mark.ts';

export interface LockHolder {
  readonly pid: number;
  /** Tells this process from a later one with the same pid; empty where the platform doesn't say. */
  readonly startMark: string;
  readonly what: string;
}

/**
 * The right to write to a data folder: at most one live process has it. A file with the holder's pid; a holder that no
 * longer lives (killed, machine restarted) is replaced.
 */
export class FolderLock {
  readonly #path: string;
  readonly #token: string;

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
  }

  /** Throws `busy` naming the holder when a live process has it. */
  static async acquire(path: string, what: string): Promise<FolderLock> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const token = randomUUID();
    const mine = `${path}.${token}`;
    await writeFile(mine, JSON.stringify({ pid: process.pid, startMark: await processStartMark(process.pid), what, token }), {
      mode: 0o600,
    });
    try {
      for (let attempt = 0; attempt < 50; attempt += 1) {
        try {
          // link() is atomic: of two that try at once, one gets EEXIST; and the file is never seen half-written.
          await link(mine, path);
          return new FolderLock(path, token);
        } catch (error) {
          if (systemErrorCode(error) !== 'EEXIST') throw error;
        }
        const holder = await readHolder(path);
        if (holder === undefined) continue;
        if (await isAlive(holder)) throw busy(holder);
        await breakStale(path, holder.token);
      }
      throw new AppError('busy', 'another process keeps taking the lock of this folder', { status: 'temporary' });
    } finally {
      await rm(mine, { force: true });
    }
  }

  async release(): Promise<void> {
    const now = await readHolder(this.#path);
    if (now?.token === this.#token) await rm(this.#path, { force: true });
  }
}

/** Who has the folder now, or undefined when nobody alive does. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(path);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

async function readHolder(path: string): Promise<(LockHolder & { token: string }) | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return {
      pid: Number(value['pid']),
      startMark: asText(value['startMark']),
      what: asText(value['what']),
      token: asText(value['token']),
    };
  } catch {
    // Only a damaged disk leaves this: the file is linked whole. Nobody can hold it.
    return { pid: 0, startMark: '', what: '', token: '' };
  }
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A breaker that died between two system calls is itself broken after this. */
const breakerPatienceMs = 10_000;

/**
 * Removes the lock that a dead process left. Who looked at an old lock and was slow must not remove the new one that
 * somebody else has put there since: so one at a time breaks, and looks again.
 */
async function breakStale(path: string, token: string): Promise<void> {
  const breaker = `${path}.break`;
  try {
    await writeFile(breaker, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    const madeAtMs = await stat(breaker).then(
      (found) => found.mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - madeAtMs > breakerPatienceMs) await rm(breaker, { force: true });
    else await systemClock.sleep(20);
    return;
  }
  try {
    if ((await readHolder(path))?.token === token) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
  }
  const mark = await processStartMark(holder.pid);
  return holder.startMark === '' || mark === '' || mark === holder.startMark;
}

function busy(holder: LockHolder): AppError<'busy'> {
  return new AppError('busy', `process ${holder.pid} (${holder.what}) is using this folder`, {
    status: 'temporary',
    context: { pid: holder.pid, what: holder.what },
    nextStep: 'Wait until it has finished, or stop it.',
  });
}
