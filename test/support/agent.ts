import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StartedProcess, StartOptions } from './processes.ts';
import { programs, start } from './processes.ts';

/** One event of `--json` output. */
export type AgentEvent = Readonly<Record<string, unknown>> & { readonly event?: string };

export interface CommandResult {
  readonly exitCode: number;
  readonly events: AgentEvent[];
  readonly output: string;
}

export interface AgentOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** See `StartOptions.under`. */
  readonly under?: readonly string[];
}

/** A command that was started and may still run. */
export interface RunningCommand {
  readonly process: StartedProcess;
  /** Its events so far. */
  events(): AgentEvent[];
  /** Resolves once it has ended, however it did. */
  readonly result: Promise<CommandResult>;
}

/** A command that takes longer hangs, whatever else the machine does: it is killed, and what it had said stands in the failure. */
const commandLimitMs = 240_000;

/** An agent as an operating-system process of its own, with a folder of its own. */
export class Agent {
  readonly name: string;
  readonly home: string;
  readonly #options: AgentOptions;
  #daemon: StartedProcess | undefined;

  constructor(name: string, home: string, options: AgentOptions = {}) {
    this.name = name;
    this.home = home;
    this.#options = options;
    mkdirSync(home, { recursive: true, mode: 0o700 });
  }

  /** Starts one command with `--json`; it is killed when it takes longer than `timeoutMs`. */
  begin(args: readonly string[], timeoutMs = commandLimitMs): RunningCommand {
    const child = start(programs.agent, [...args, '--json'], this.#startOptions());
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const events = (): AgentEvent[] => eventsIn(child.output());
    const result = child.ended.then((ended) => {
      clearTimeout(timer);
      return { exitCode: typeof ended === 'number' ? ended : 128, events: events(), output: child.output() };
    });
    return { process: child, events, result };
  }

  /** Runs one command to its end. */
  run(args: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    return this.begin(args, timeoutMs).result;
  }

  /** {@link run}, for those that must succeed. */
  async must(args: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    const result = await this.run(args, timeoutMs);
    if (result.exitCode !== 0)
      throw new Error(`${this.name}: holdfast ${args.join(' ')} ended with ${result.exitCode}:\n${result.output.slice(-4000)}`);
    return result;
  }

  /** Starts the daemon, reachable on loopback only unless told otherwise; its output goes to `<home>/../<name>.log`. */
  startDaemon({ listen = '/ip4/127.0.0.1/tcp/0', mdns = false } = {}): StartedProcess {
    const args = ['daemon', '--listen', listen, ...(mdns ? [] : ['--no-mdns'])];
    this.#daemon = start(programs.agent, args, { ...this.#startOptions(), logFile: join(this.home, '..', `${this.name}.log`) });
    return this.#daemon;
  }

  /** {@link startDaemon}, and it answers: a machine under load takes its time. */
  async daemonReady(): Promise<void> {
    await this.startDaemon().waitFor(/"daemon ready"/, 120_000);
  }

  get daemon(): StartedProcess {
    if (!this.#daemon) throw new Error(`${this.name} has no daemon`);
    return this.#daemon;
  }

  /** Kills the daemon without a word, and waits until it is gone. */
  async kill(): Promise<void> {
    this.daemon.kill('SIGKILL');
    await this.daemon.ended;
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  #startOptions(): StartOptions {
    return { ...this.#options, env: { HOLDFAST_HOME: this.home, ...this.#options.env } };
  }
}

/** The last line of a process that was killed may be half a one. */
function eventsIn(output: string): AgentEvent[] {
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as AgentEvent);
}

/** The last event of a command: its `result`, or its `error`. Throws when it has neither. */
export function lastEvent<T = Readonly<Record<string, unknown>>>({ events, output }: CommandResult): T {
  const last = events.findLast((event) => event.event === 'result' || event.event === 'error');
  if (!last) throw new Error(`the command said neither result nor error:\n${output.slice(-4000)}`);
  return last as T;
}
