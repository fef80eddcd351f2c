import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StartedProcess } from './processes.ts';
import { programs, start } from './processes.ts';

/** One event of `--json` output. */
export type AgentEvent = Readonly<Record<string, unknown>> & { readonly event?: string };

export interface CommandResult {
  readonly exitCode: number;
  readonly events: AgentEvent[];
  readonly output: string;
}

/** An agent as an operating-system process of its own, with a folder of its own. */
export class Agent {
  readonly name: string;
  readonly home: string;
  readonly #env: Readonly<Record<string, string>>;
  #daemon: StartedProcess | undefined;

  constructor(name: string, home: string, env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.home = home;
    this.#env = { HOLDFAST_HOME: home, ...env };
    mkdirSync(home, { recursive: true, mode: 0o700 });
  }

  /** Runs one command to its end with `--json`. Rejects when it takes longer than `timeoutMs`. */
  async run(args: readonly string[], timeoutMs = 600_000): Promise<CommandResult> {
    const child = start(programs.agent, [...args, '--json'], { env: this.#env });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const ended = await child.ended;
    clearTimeout(timer);
    const output = child.output();
    const events = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as AgentEvent);
    return { exitCode: typeof ended === 'number' ? ended : 128, events, output };
  }

  /** {@link run}, for those that must succeed. */
  async must(args: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    const result = await this.run(args, timeoutMs);
    if (result.exitCode !== 0)
      throw new Error(`${this.name}: holdfast ${args.join(' ')} ended with ${result.exitCode}:\n${result.output.slice(-4000)}`);
    return result;
  }

  /** Starts the daemon; its output goes to `<home>/../<name>.log`. */
  startDaemon(): StartedProcess {
    this.#daemon = start(programs.agent, ['daemon'], { env: this.#env, logFile: join(this.home, '..', `${this.name}.log`) });
    return this.#daemon;
  }

  get daemon(): StartedProcess {
    if (!this.#daemon) throw new Error(`${this.name} has no daemon`);
    return this.#daemon;
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }
}
