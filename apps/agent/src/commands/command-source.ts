import { isAppError, systemClock } from '#libs/kernel';
import { findDaemon, runInDaemon } from '../control/control-client.ts';
import { AgentError } from '../errors.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { FolderLock, lockHolder } from '#libs/kernel/node';
import type { CommandEvent } from '../output/command-event.ts';
import type { Command } from './command.ts';

/** A daemon that has the lock but does not answer yet is starting: it gets this long. */
const daemonStartMs = 10_000;

/**
 * Events of a command, from where it can run: in the daemon that owns the home; else in this process, under the lock
 * (throws `busy` when another process has it); a reader also without.
 */
export async function* commandSource(
  name: string,
  command: Command,
  args: unknown,
  paths: AgentPaths,
  signal: AbortSignal,
): AsyncGenerator<CommandEvent> {
  const parsed = checkedArgs(command, args);
  for (let waitedMs = 0; ; waitedMs += 200) {
    if (await findDaemon(paths.control)) {
      yield* runInDaemon(paths.control, name, args, signal);
      return;
    }
    const holder = await lockHolder(paths.lock);
    if (holder?.what !== 'daemon' || waitedMs >= daemonStartMs) break;
    await systemClock.sleep(200, signal);
  }
  const { openAgent } = await import('../runtime/open-agent.ts');
  let lock: FolderLock | undefined;
  try {
    lock = await FolderLock.acquire(paths.lock, name);
  } catch (error) {
    if (command.access !== 'reader' || !isAppError(error)) throw error;
  }
  try {
    const agent = await openAgent(paths, { role: lock ? 'command' : 'reader' });
    try {
      yield* command.run({ agent, signal }, parsed);
    } finally {
      await agent.close();
    }
  } finally {
    await lock?.release();
  }
}

/** Throws `bad_argument` saying which. */
export function checkedArgs<Args>(command: Command<Args>, args: unknown): Args {
  const parsed = command.args.safeParse(args);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AgentError('bad_argument', `${issue?.path.join('.') ?? 'argument'}: ${issue?.message ?? 'not acceptable'}`);
}
