import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#libs/kernel';
import type { Hook } from './own-rules.ts';

/** Between being asked to end and being ended. */
const graceMs = 5_000;
/** What of its output goes into the message: its last words. */
const keptCharacters = 2_000;

/**
 * Runs a program to its end, with all that it started, within its time limit. No shell, nothing on its standard input, its output kept for the
 * message. Returns why it counts as failed, or undefined. The abort of `signal` ends it as the time limit does.
 */
export async function runHook(hook: Hook, env: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<string | undefined> {
  const [program = '', ...args] = hook.command;
  // A group of its own, so that what it started ends with it.
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-keptCharacters)));
  const end = (how: NodeJS.Signals): void => {
    try {
      if (process.platform === 'win32' || child.pid === undefined) child.kill(how);
      else process.kill(-child.pid, how);
    } catch {
      // It has ended meanwhile.
    }
  };
  let stopped: string | undefined;
  let lastWord: NodeJS.Timeout | undefined;
  const stop = (why: string): void => {
    stopped ??= why;
    end('SIGTERM');
    lastWord ??= setTimeout(() => {
      end('SIGKILL');
      // Somebody who left the group may hold the pipes open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    }, graceMs);
  };
  const limit = setTimeout(() => stop(`took longer than ${hook.timeoutSeconds} s`), hook.timeoutSeconds * 1000);
  const onAbort = (): void => stop('was stopped with the backup');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const ended = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${messageOf(error)}`));
      child.once('close', (code, by) => resolve(code === 0 ? undefined : by ? `was ended by ${by}` : `ended with ${code}`));
    });
    const why = stopped ?? ended;
    if (why === undefined) return undefined;
    // Its first process has ended; what else it started has the same time, and no more.
    if (stopped !== undefined) await groupEnd(child.pid, () => end('SIGKILL'));
    const said = output.trim();
    return `${program} ${why}${said === '' ? '' : `: ${said}`}`;
  } finally {
    clearTimeout(limit);
    clearTimeout(lastWord);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Waits until nothing is left of a process group that was asked to end; `kill`s what is there after the grace. */
async function groupEnd(group: number | undefined, kill: () => void): Promise<void> {
  if (process.platform === 'win32' || group === undefined) return;
  for (const end = performance.now() + graceMs; performance.now() < end; await sleep(50))
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
  kill();
}
