import type { z } from 'zod';
import type { CommandEvent } from '../output/command-event.ts';
import type { TextForm } from '../output/renderer.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** What a handler is given besides its arguments. */
export interface CommandContext {
  readonly agent: AgentRuntime;
  /** Aborted by Ctrl-C, by a control connection that closes, and when the daemon stops. */
  readonly signal: AbortSignal;
}

/**
 * One command, implemented once: the daemon runs the handler for a command line that comes over the control socket, a
 * command line without a daemon runs it itself. Handlers yield events and end with a `result`; they throw errors.
 */
export interface Command<Args = unknown> {
  readonly args: z.ZodType<Args>;
  /**
   * `exclusive`: needs the home's lock (through the daemon or by itself).
   * `reader`: also useful while another process has the lock and no daemon answers.
   */
  readonly access: 'exclusive' | 'reader';
  run(context: CommandContext, args: Args): AsyncGenerator<CommandEvent>;
  readonly text: TextForm;
}

/** Types the handler's arguments by the schema; `checkedArgs` sees to it that they are. */
export function defineCommand<Args>(command: Command<Args>): Command {
  return command;
}
