import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const { imports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, { readonly 'holdfast-source': string }>>;
};

/** Everything that is loaded with this file: what its value imports name, and theirs. Files of ours by path, packages by name. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(join(repository, file), 'utf8');
  for (const [, name] of source.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^'";]*\sfrom\s+)?'([^']+)'/gm)) {
    if (name!.startsWith('.')) loadedBy(join(dirname(file), name!), seen);
    else if (name!.startsWith('#')) {
      const exact = imports[name!]?.['holdfast-source'];
      loadedBy(join(exact ?? imports['#libs/*']!['holdfast-source'].replace('*', name!.slice('#libs/'.length))), seen);
    } else if (!name!.startsWith('node:')) seen.add(name!);
  }
  return seen;
}

/** What stands in a file without comments on lines of their own. */
function codeOf(file: string): string {
  const source = readFileSync(join(repository, file), 'utf8');
  return source.replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '').replaceAll(/^\s*\/\/.*\n/gm, '');
}

describe('a sealing thread', () => {
  it('loads little: all code costs each thread of each backup', () => {
    const loaded = [...loadedBy('libs/engine/src/backup/seal-worker.ts')];
    expect(loaded.filter((name) => !name.includes('/'))).toEqual(['koffi']);
    expect(loaded.filter((name) => /contracts|\/read\/|\/tree\/|portable|exclude-rules/.test(name))).toEqual([]);
    // In a bundle a thread's code is one file without comments, so what counts is how much code there is: 197,989 bytes as this is written,
    // 7,000 of them since threads seal parts of files.
    const ours = loaded.filter((name) => name.includes('/'));
    expect(ours.reduce((sum, file) => sum + codeOf(file).length, 0)).toBeLessThan(198_000);
  });

  it('is followed by this spec into everything that it imports', () => {
    const loaded = loadedBy('libs/engine/src/backup/backup.ts');
    expect(loaded).toContain('libs/contracts/src/index.ts');
    expect(loaded).toContain('zod');
  });
});

describe('a writing thread', () => {
  it('loads little', () => {
    const loaded = [...loadedBy('libs/engine/src/restore/write-worker.ts')];
    expect(loaded.filter((name) => !name.includes('/'))).toEqual(['koffi']);
    expect(loaded.filter((name) => /contracts|vault-reader|\/tree\/|portable|chunk-index/.test(name))).toEqual([]);
    expect(loaded.length).toBeLessThan(65);
  });
});
