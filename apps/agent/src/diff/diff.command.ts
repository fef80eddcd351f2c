import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { formatBytes, formatCount, printable, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { chosenSnapshot } from '../snapshots/chosen-snapshot.ts';
import { pathNames, typedPath } from '../snapshots/typed-path.ts';

const which = z.union([z.literal('latest'), z.int().min(1)]);
const args = z.strictObject({ from: which, to: which, path: z.string().min(1).max(4096).optional() });

/** `holdfast diff`: what differs between two snapshots; reads only folders that differ. */
export const diffCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { from, to, path }) {
    const { diffSnapshots, displayPath } = await import('#libs/engine');
    const { reader } = await openOwnVault(agent, signal);
    const paths = path === undefined ? [] : [typedPath(path)];
    const before = await chosenSnapshot(reader, from, paths, signal);
    const after = await chosenSnapshot(reader, to, paths, signal);
    const counts = { added: 0, removed: 0, content: 0, metadata: 0, kind: 0 };
    let [addedBytes, removedBytes] = [0, 0];
    const options = path === undefined ? { signal } : { signal, path: pathNames(typedPath(path)) };
    for await (const change of diffSnapshots(reader, before, after, options)) {
      counts[change.change] += 1;
      if (change.change !== 'metadata') {
        addedBytes += change.to?.size ?? 0;
        removedBytes += change.from?.size ?? 0;
      }
      yield {
        event: 'item',
        type: 'entry',
        path: `/${change.path.map((name) => displayPath(name)).join('/')}`,
        change: change.change,
        kind: (change.to ?? change.from)!.type,
        ...(change.from && { bytesBefore: change.from.size, mtimeBeforeMs: Number(change.from.mtimeNs / 1_000_000n) }),
        ...(change.to && { bytes: change.to.size, mtimeMs: Number(change.to.mtimeNs / 1_000_000n) }),
      };
    }
    yield {
      event: 'result',
      command: 'diff',
      exitCode: exitCodes.done,
      ...{ from: before.sequence, to: after.sequence, ...counts, addedBytes, removedBytes },
    };
  },
  text: {
    item: (c) => `${signs[text(c['change'])] ?? '?'}  ${printable(text(c['path']))}${c['kind'] === 'directory' ? '/' : ''}`,
    result: (r) => {
      const count = (name: string): number => Number(r[name]);
      if (['added', 'removed', 'content', 'metadata', 'kind'].every((name) => count(name) === 0))
        return [`snapshots ${text(r['from'])} and ${text(r['to'])} are the same there`];
      return [
        `${formatCount(count('added'), 'added', 'added')}, ${formatCount(count('removed'), 'removed', 'removed')}, ${formatCount(count('content') + count('kind'), 'changed', 'changed')}, ${formatCount(count('metadata'), 'with other metadata only', 'with other metadata only')}; ${formatBytes(count('addedBytes'))} came, ${formatBytes(count('removedBytes'))} went`,
        '(+ added, - removed, M content, U metadata only, T other kind)',
      ];
    },
  },
});

const signs: Readonly<Record<string, string>> = { added: '+', removed: '-', content: 'M', metadata: 'U', kind: 'T' };
