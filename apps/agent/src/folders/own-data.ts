import { relative, sep } from 'node:path';
import { AgentError } from '../errors.ts';
import { printable } from '../output/format.ts';

/** Throws `bad_argument` for a path that is the agent's data folder or in it: its packs would be backed up into packs, again and again. */
export function refuseOwnData(paths: readonly string[], home: string): void {
  for (const path of paths) {
    const below = relative(home, path);
    if (below === '..' || below.startsWith(`..${sep}`) || /^([a-z]:|\\\\)/i.test(below)) continue;
    throw new AgentError('bad_argument', `${printable(path)} is Holdfast's own data, which is never backed up`, {
      nextStep: 'Name another folder. A folder around the data folder may be named: the data folder is left out of it.',
      context: { path, home },
    });
  }
}
