import { z } from 'zod';
import type { FoundVersion } from '#libs/engine';
import type { Snapshot } from '#libs/vault';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { groupOf } from '../forget/retention-of-vault.ts';
import type { ItemEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, formatTime, printable, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { PathPatterns } from '../snapshots/path-patterns.ts';
import { pathNames, typedPath } from '../snapshots/typed-path.ts';

const args = z.strictObject({
  patterns: z.array(z.string().min(1).max(4096)).min(1).max(100),
  snapshot: z.union([z.literal('latest'), z.int().min(1)]).optional(),
  contentOnly: z.boolean(),
});

/** `holdfast find`: every version of what matches, over all snapshots; reads trees only, and of each next snapshot only what differs. */
export const findCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { patterns, snapshot, contentOnly }) {
    const { displayPath, findVersions, versionsOfPath } = await import('#libs/engine');
    const { pathNames: namesOf } = await import('#libs/vault');
    const { reader } = await openOwnVault(agent, signal);
    const snapshots: Snapshot[] = [];
    if (snapshot !== undefined) snapshots.push(await reader.snapshot(snapshot, { signal }));
    else for await (const one of reader.snapshots({ signal })) snapshots.push(one);
    const paths = patterns.filter(isPath);
    const names = patterns.filter((pattern) => !isPath(pattern));
    const matches = matcher(names, displayPath);
    const found = new Set<string>();
    let versions = 0;
    // Snapshots of other things in between would look as if everything went and came back.
    for (const group of Map.groupBy(snapshots, groupOf).values()) {
      const newest = group.at(-1)!.sequence;
      const all = async function* (): AsyncGenerator<FoundVersion> {
        for (const path of paths) yield* versionsOfPath(reader, group, namesOf(pathNames(typedPath(path))), { signal });
        if (names.length > 0) yield* findVersions(reader, group, { matches, contentOnly, signal });
      };
      for await (const version of all()) {
        const item = itemOf(version, newest, displayPath);
        versions += 1;
        found.add(text(item['path']));
        yield item;
      }
    }
    yield { event: 'result', command: 'find', exitCode: exitCodes.done, paths: found.size, versions, snapshots: snapshots.length };
  },
  text: {
    item: (v) => {
      const range = v['first'] === v['last'] ? `snapshot ${text(v['first'])}` : `snapshots ${text(v['first'])}-${text(v['last'])}`;
      return `${formatBytes(Number(v['bytes'])).padStart(9)}  ${formatTime(Number(v['mtimeMs']))}  ${range}${v['newest'] === true ? ' (newest)' : v['removed'] === true ? ', then removed' : ''}  ${printable(text(v['path']))}${v['kind'] === 'directory' ? '/' : ''}`;
    },
    result: (r) => [
      r['versions'] === 0
        ? `nothing like that in ${formatCount(Number(r['snapshots']), 'snapshot')}`
        : `${formatCount(Number(r['paths']), 'path')}, ${formatCount(Number(r['versions']), 'version')} in ${formatCount(Number(r['snapshots']), 'snapshot')}`,
    ],
  },
});

/** A whole path without wildcards is looked up, not searched for. */
const isPath = (pattern: string): boolean => /^(\/|[A-Za-z]:[\\/])/.test(pattern) && !/[*?[]/.test(pattern);

/** Patterns without a slash are about names alone, whatever folder they are in. */
function matcher(patterns: readonly string[], display: (name: Uint8Array) => string): (path: readonly Uint8Array[]) => boolean {
  const isOfPaths = (pattern: string): boolean => pattern.replace(/\/$/, '').includes('/');
  const ofNames = new PathPatterns(
    patterns.filter((pattern) => !isOfPaths(pattern)),
    { ignoreCase: true },
  );
  const ofPaths = new PathPatterns(patterns.filter(isOfPaths), { ignoreCase: true });
  return (path) => {
    const name = display(path.at(-1) ?? new Uint8Array(0));
    if (name === '') return false;
    if (ofNames.match(name) || ofNames.match(`${name}/`)) return true;
    return ofPaths.match(path.map((one) => display(one)).join('/'));
  };
}

function itemOf(
  { path, entry, first, last, snapshots, removed }: FoundVersion,
  newest: number,
  display: (path: Uint8Array) => string,
): ItemEvent {
  return {
    event: 'item',
    type: 'entry',
    path: `/${path.map((name) => display(name)).join('/')}`,
    kind: entry.type,
    bytes: entry.size,
    mtimeMs: Number(entry.mtimeNs / 1_000_000n),
    mtimeNs: String(entry.mtimeNs),
    first,
    last,
    snapshots,
    removed,
    newest: last === newest,
  };
}
