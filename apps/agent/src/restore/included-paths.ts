import type { Snapshot, VaultReader } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { PathPatterns } from '../snapshots/path-patterns.ts';
import { pathNames } from '../snapshots/typed-path.ts';

/** A selection longer than this is better given as a folder. */
const maxSelected = 1_000_000;

/**
 * Paths of a snapshot that match gitignore patterns: `*.odt` anywhere, `/home/ada/x` from the top. A folder that matches
 * stands for everything in it. Throws `path_not_found` when nothing does.
 */
export async function includedPaths(
  reader: VaultReader,
  snapshot: Snapshot,
  below: readonly (string | Buffer)[],
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<Buffer[]> {
  const rules = new PathPatterns(patterns, { ignoreCase: false });
  const selected: Buffer[] = [];
  let inside: Buffer | undefined;
  for (const start of below.length === 0 ? ['/'] : below) {
    for await (const { path, entry } of reader.walk(snapshot, pathNames(start), { signal })) {
      const bytes = Buffer.concat(path.flatMap((name) => [Buffer.from('/'), Buffer.from(name)]));
      if (inside && bytes.subarray(0, inside.length).equals(inside)) continue;
      // Bytes as characters: a name that is not UTF-8 must not make the match fail.
      const text = `${bytes.toString('utf8').slice(1)}${entry.type === 'directory' ? '/' : ''}`;
      if (text === '' || text === '/' || !rules.match(text)) continue;
      selected.push(bytes);
      if (selected.length > maxSelected)
        throw new AgentError('bad_argument', `the patterns match more than ${maxSelected} files`, { nextStep: 'Name a folder instead.' });
      inside = entry.type === 'directory' ? Buffer.concat([bytes, Buffer.from('/')]) : undefined;
    }
  }
  if (selected.length === 0)
    throw new AgentError('path_not_found', 'nothing in the snapshot matches the patterns', {
      nextStep: '"holdfast ls -r" shows what it holds.',
    });
  return selected;
}
