import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Starts a process whose code is beside that of `from` (its `import.meta.url`), as `startThread` starts a thread. Messages keep bytes and big integers. It
 * inherits nothing: no environment but `env`, no folder, no output; and this process can end without it.
 */
export function startProcess(name: string, from: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const beside = (extension: string): string => fileURLToPath(new URL(`./${name}.${extension}`, from));
  const source = from.endsWith('.ts');
  const bundled = beside('cjs');
  const file = source ? beside('ts') : existsSync(bundled) ? bundled : beside('js');
  const child = fork(file, {
    execArgv: source ? ['--conditions=holdfast-source', '--disable-warning=ExperimentalWarning'] : [],
    ...{ env, cwd: '/', serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  });
  // Told to those who wait for it by its end; nobody else has to listen.
  child.on('error', () => undefined);
  child.unref();
  child.channel?.unref();
  return child;
}
