import { exitCodes } from '../cli/exit-codes.ts';
import { findDaemon, runInDaemon } from '../control/control-client.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import type { CommandEvent } from '../output/command-event.ts';
import { formatCount, printable, text } from '../output/format.ts';
import type { TextForm } from '../output/renderer.ts';
import { type Diagnosis, examinations } from './examinations.ts';

/**
 * `holdfast doctor`: looks at everything that a person can get wrong, and says it in plain words. Runs beside a daemon
 * and without one; changes nothing. Exit 1 when something is wrong.
 */
export async function* examine(paths: AgentPaths, signal: AbortSignal): AsyncGenerator<CommandEvent> {
  const daemon = await findDaemon(paths.control);
  let status: Record<string, unknown> | undefined;
  if (daemon) for await (const event of runInDaemon(paths.control, 'status', {}, signal)) if (event.event === 'result') status = event;
  const found: Diagnosis[] = [];
  for (const examination of examinations) {
    for (const diagnosis of await examination({ paths, status, signal })) {
      found.push(diagnosis);
      yield { event: 'item', type: 'finding', ...diagnosis };
    }
  }
  const wrong = found.filter((d) => d.severity === 'error').length;
  yield {
    event: 'result',
    command: 'doctor',
    exitCode: wrong > 0 ? exitCodes.failed : exitCodes.done,
    ok: wrong === 0,
    errors: wrong,
    warnings: found.filter((d) => d.severity === 'warning').length,
  };
}

const marks: Readonly<Record<string, string>> = { ok: 'ok     ', warning: 'warning', error: 'WRONG  ' };

export const doctorText: TextForm = {
  item: (d) =>
    `${marks[text(d['severity'])] ?? ''}  ${printable(text(d['message']))}${d['nextStep'] === undefined ? '' : `\n         ${printable(text(d['nextStep']))}`}`,
  result: (r) => {
    const warnings = Number(r['warnings']);
    const toHeed = warnings > 0 ? [formatCount(warnings, 'warning')] : [];
    if (r['ok'] !== true) return [[`${text(r['errors'])} to put right`, ...toHeed].join(', ')];
    return [warnings > 0 ? `nothing is broken, but ${toHeed.join('')} to look at` : 'nothing is wrong'];
  },
};
