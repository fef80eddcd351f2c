import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Folder to back up; undefined: a bundled sample. Never written to, never deleted. */
  readonly from: string | undefined;
  readonly agents: number;
  readonly json: boolean;
  /** Stop when done, even at a terminal. */
  readonly exit: boolean;
}

export const usage = `npm run demo -- [--from DIR] [--agents N] [--json] [--exit]

A whole team on this machine: a coordinator and N agents as separate processes. One backs up on schedule, a holder is killed
and its packs are repaired, the owner's machine is destroyed, and a fresh one restores everything with the recovery kit.

  --from DIR   back up this folder (it is only read); default: a sample with one of everything
  --agents N   agents to start with, 3 to 20; default 4
  --json       one JSON event a line, the last one a summary
  --exit       end when done; default: stay up for a look when at a terminal`;

/** Throws with a message for the person who typed it. */
export function readOptions(argv: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      from: { type: 'string' },
      agents: { type: 'string', default: '4' },
      json: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const agents = Number(values.agents);
  if (!Number.isInteger(agents) || agents < 3 || agents > 20)
    throw new Error(`--agents takes a whole number from 3 to 20, not "${values.agents}"`);
  // npm runs scripts in the package's folder; INIT_CWD is where the person stood.
  const from = values.from === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? process.cwd(), values.from);
  return { from, agents, json: values.json, exit: values.exit || !process.stdout.isTTY };
}
