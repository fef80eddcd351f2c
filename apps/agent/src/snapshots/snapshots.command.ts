import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { formatBytes, formatCount, formatTime, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { snapshotStates } from './snapshot-states.ts';

const args = z.strictObject({});

/** `holdfast snapshots`: oldest first. */
export const snapshotsCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }) {
    const { displayPath } = await import('#libs/engine');
    const { reader } = await openOwnVault(agent, signal);
    const states = snapshotStates({
      head: reader.head,
      packs: reader.packs.values(),
      latest: agent.protection.view().latest,
      isHeld: (packId) => agent.protection.isHeld(packId),
    });
    const rows = [];
    for await (const snapshot of reader.snapshots({ signal })) rows.push(snapshot);
    rows.sort((a, b) => a.sequence - b.sequence);
    for (const snapshot of rows) {
      yield {
        event: 'item',
        type: 'snapshot',
        sequence: snapshot.sequence,
        startedAtMs: snapshot.startedAtMs,
        endedAtMs: snapshot.endedAtMs,
        partial: snapshot.partial,
        folders: snapshot.roots.map((root) => displayPath(root.path)),
        files: snapshot.stats['files'] ?? 0,
        bytes: snapshot.stats['bytes'] ?? 0,
        host: snapshot.host,
        state: states.get(snapshot.sequence) ?? 'unknown',
      };
    }
    yield { event: 'result', command: 'snapshots', exitCode: exitCodes.done, snapshots: rows.length };
  },
  text: {
    item: (s) =>
      `${text(s['sequence']).padStart(4)}  ${formatTime(Number(s['startedAtMs']))}  ${formatCount(Number(s['files']), 'file').padStart(14)}  ${formatBytes(Number(s['bytes'])).padStart(9)}  ${s['state'] === 'unknown' ? 'protection unknown' : text(s['state'])}${s['partial'] === true ? ', incomplete' : ''}  ${(s['folders'] as string[]).join(', ')}`,
    result: (r) => (r['snapshots'] === 0 ? ['no snapshot yet: "holdfast backup" makes one'] : []),
  },
});
