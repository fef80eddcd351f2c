import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export const repository = join(import.meta.dirname, '../..');
/** Another installation than this one, such as one with a rule broken on purpose. */
const installation = process.env['HOLDFAST_TEST_INSTALLATION'] ?? repository;
export const programs = {
  coordinator: join(installation, 'dist/coordinator/main.js'),
  agent: join(installation, 'dist/agent/main.js'),
};

/**
 * A port that is free on loopback and stays so, also while its server is down for a moment: it lies below those that systems give to
 * connections and to whoever asks for any port, which the agents of all tests that run at a time do.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export interface StartedProcess {
  readonly pid: number;
  /** Everything printed so far, both streams. */
  output(): string;
  /** Resolves with the exit code (or the signal's name) once the process has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first match in the output; rejects when the process ends first or after `timeoutMs`. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Output is also appended to this file. */
  readonly logFile?: string;
  readonly cwd?: string;
  /** A program and its arguments that run this one, such as `setpriv` with fewer rights. */
  readonly under?: readonly string[];
}

const alive = new Set<StartedProcess>();

/** Kills whatever is still running; for `finally` blocks and exit handlers. */
export function killAll(): void {
  for (const one of alive) one.kill('SIGKILL');
}
process.once('exit', killAll);

/** Starts a built program under the Node.js that runs this one. */
export function start(program: string, args: readonly string[], options: StartOptions = {}): StartedProcess {
  if (!existsSync(program)) throw new Error(`${program} is not built; run "npm run build" first`);
  const [command = process.execPath, ...rest] = [...(options.under ?? []), process.execPath, program, ...args];
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(command, rest, {
    cwd: options.cwd ?? repository,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  /** It has ended, and everything that it said was heard. */
  let over = false;
  const listeners = new Set<() => void>();
  const log = options.logFile
    ? (mkdirSync(join(options.logFile, '..'), { recursive: true }), createWriteStream(options.logFile, { flags: 'a' }))
    : undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => {
      // Enough for any message; a chatty process must not fill the memory of its parent.
      text = (text + part).slice(-1_000_000);
      log?.write(part);
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      alive.delete(self);
      log?.end();
      resolve(code ?? signal ?? 1);
      for (const listener of listeners) listener();
    });
  });
  const self: StartedProcess = {
    pid: child.pid ?? -1,
    output: () => text,
    ended,
    kill: (signal) => void child.kill(signal),
    async stop(graceMs = 10_000) {
      if (over) return;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(force);
    },
    waitFor: (pattern, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          const match = text.match(pattern);
          const why = error ?? (over ? new Error(`ended before ${pattern} appeared:\n${text.slice(-4000)}`) : undefined);
          if (!match && !why) return;
          listeners.delete(settle);
          clearTimeout(timer);
          if (match) resolve(match);
          else reject(why ?? new Error('no match'));
        };
        const timer = setTimeout(
          () => settle(new Error(`${pattern} did not appear within ${timeoutMs} ms:\n${text.slice(-4000)}`)),
          timeoutMs,
        );
        listeners.add(settle);
        settle();
      }),
  };
  alive.add(self);
  return self;
}

/** Polls until `check` gives something; rejects with the last reason after `timeoutMs`. */
export async function until<T>(what: string, check: () => Promise<T | undefined | false>, timeoutMs = 60_000, everyMs = 200): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`${what}: not within ${Math.round(timeoutMs / 1000)} s`, { cause: last });
}
