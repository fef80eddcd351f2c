import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

const page = join(import.meta.dirname, '../../docs/benchmarks.md');

/**
 * Puts a bench's results into docs/benchmarks.md between `<!-- begin NAME -->` and `<!-- end NAME -->`, or at its end, and leaves what others
 * wrote alone.
 */
export async function writeSection(name: string, text: string): Promise<void> {
  const before = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const section = `${begin}\n\n${text.trim()}\n\n${end}`;
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  const after =
    from >= 0 && to > from ? before.slice(0, from) + section + before.slice(to + end.length) : `${before.trimEnd()}\n\n${section}\n`;
  writeFileSync(page, await format(after, { ...(await resolveConfig(page)), filepath: page }));
}
