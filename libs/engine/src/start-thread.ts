import { existsSync } from 'node:fs';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread whose code is beside that of `from` (its `import.meta.url`): `name`.ts in the sources, `name`.js in the build, `name`.cjs in a bundle. There it is one
 * CommonJS file: several modules, resolved and linked, cost each thread 15 ms of processor time more.
 */
export function startThread(name: string, from: string, options: Omit<WorkerOptions, 'execArgv'>): Worker {
  const beside = (extension: string): URL => new URL(`./${name}.${extension}`, from);
  // From source the thread needs the same condition for its imports as this one has; a jest process carries it elsewhere.
  if (from.endsWith('.ts'))
    return new Worker(beside('ts'), { ...options, execArgv: ['--conditions=holdfast-source', '--disable-warning=ExperimentalWarning'] });
  const bundled = beside('cjs');
  return new Worker(existsSync(bundled) ? bundled : beside('js'), options);
}
