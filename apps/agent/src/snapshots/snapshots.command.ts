import { z } from 'zod';
import { unreadOf } from '#libs/durability';
import type { Snapshot, SnapshotLoss } from '#libs/vault';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { groupOf } from '../forget/retention-of-vault.ts';
import { formatBytes, formatCount, formatTime, printable, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { hasPath } from './has-path.ts';
import { snapshotStates } from './snapshot-states.ts';

const args = z.strictObject({
  tags: z.array(z.string().min(1).max(100)).max(100).default([]),
  path: z.string().min(1).max(4096).optional(),
  last: z.int().min(0).optional(),
});

/** `holdfast snapshots`: oldest first, those of named paths apart from those of everything. */
export const snapshotsCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { tags, path, last }) {
    const { displayPath } = await import('#libs/engine');
    const { reader } = await openOwnVault(agent, signal);
    const states = snapshotStates({
      head: reader.head,
      packs: reader.packs.values(),
      latest: agent.protection.view().latest,
      isHeld: (packId) => agent.protection.isHeld(packId),
    });
    const rows: Snapshot[] = [];
    for await (const snapshot of reader.snapshots({ signal })) {
      if (tags.length > 0 && !snapshot.tags.some((tag) => tags.includes(tag))) continue;
      if (path === undefined || (await hasPath(reader, snapshot, path, signal))) rows.push(snapshot);
    }
    const groups = [...Map.groupBy(rows, groupOf)].sort(([a], [b]) => (a < b ? -1 : 1));
    let shown = 0;
    for (const [group, all] of groups) {
      for (const snapshot of last === undefined ? all : all.slice(Math.max(0, all.length - last))) {
        shown += 1;
        yield {
          event: 'item',
          type: 'snapshot',
          sequence: snapshot.sequence,
          startedAtMs: snapshot.startedAtMs,
          endedAtMs: snapshot.endedAtMs,
          partial: snapshot.partial,
          unread: unreadOf({ partial: snapshot.partial, stats: { errors: snapshot.stats['errors'] ?? 0 } }),
          folders: snapshot.roots.map((root) => displayPath(root.path)),
          files: snapshot.stats['files'] ?? 0,
          bytes: snapshot.stats['bytes'] ?? 0,
          host: snapshot.host,
          user: snapshot.user,
          tags: snapshot.tags,
          pinned: reader.head.pinned?.includes(snapshot.sequence) ?? false,
          adHoc: group !== '',
          ...(snapshot.lost && { lost: snapshot.lost }),
          state: states.get(snapshot.sequence) ?? 'unknown',
        };
      }
    }
    yield { event: 'result', command: 'snapshots', exitCode: exitCodes.done, snapshots: shown, all: reader.head.snapshots.length };
  },
  text: {
    item: (s) => {
      const marks = [
        s['state'] === 'unknown' ? 'protection unknown' : text(s['state']),
        ...(Number(s['unread']) > 0 ? ['incomplete'] : []),
        ...(s['lost'] === undefined ? [] : [lostMark(s['lost'] as SnapshotLoss)]),
        ...(s['pinned'] === true ? ['pinned'] : []),
        ...(s['adHoc'] === true ? ['only named paths'] : []),
        ...(s['tags'] as string[]).map((tag) => `#${printable(tag)}`),
      ];
      return `${text(s['sequence']).padStart(4)}  ${formatTime(Number(s['startedAtMs']))}  ${formatCount(Number(s['files']), 'file').padStart(14)}  ${formatBytes(Number(s['bytes'])).padStart(9)}  ${marks.join(', ')}  ${printable((s['folders'] as string[]).join(', '))}`;
    },
    result: (r) =>
      r['snapshots'] === 0 ? [r['all'] === 0 ? 'no snapshot yet: "holdfast backup" makes one' : 'no snapshot is like that'] : [],
  },
});

function lostMark({ files, folders }: SnapshotLoss): string {
  return `lost: ${[formatCount(files, 'file'), ...(folders > 0 ? [formatCount(folders, 'folder')] : [])].join(' and ')}`;
}
