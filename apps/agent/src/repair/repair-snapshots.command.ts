import { z } from 'zod';
import type { LostEntry, RepairedSnapshot } from '#libs/engine';
import { toHex } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import type { ItemEvent, ResultEvent } from '../output/command-event.ts';
import { deliverReleasesSoon } from '../releases/deliver-releases-soon.ts';
import { formatBytes, formatCount, formatTime, printable, text } from '../output/format.ts';

const args = z.strictObject({ dryRun: z.boolean() });

/**
 * `holdfast repair snapshots`: names what is lost, file by file, and marks the snapshots, so that all the rest of them counts as whole again. Exit 3
 * while something is lost.
 */
export const repairSnapshotsCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, { dryRun }) {
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      const { displayPath, repairSnapshots } = await import('#libs/engine');
      const versions = new LostVersions();
      const { report, told } = await agent.vault.use(async (vault) => {
        const report = await repairSnapshots({
          vault,
          dryRun,
          signal,
          onLost: (sequence, lost) => versions.add(sequence, lost),
          onProgress,
        });
        if (report.changed && !dryRun) await agent.reporter.reconcile(vault);
        return { report, told: report.changed && !dryRun };
      });
      for (const one of versions.all()) emit(itemOf(one, displayPath));
      for (const one of report.damaged) emit(snapshotItem(one));
      const lost = versions.all().length;
      emit({
        event: 'result',
        command: 'repair-snapshots',
        exitCode: lost > 0 ? exitCodes.incomplete : exitCodes.done,
        dryRun,
        changed: report.changed,
        snapshots: report.snapshots,
        snapshotsDamaged: report.damaged.filter((one) => one.lost).length,
        snapshotsWhole: report.damaged.filter((one) => !one.lost).length,
        lostVersions: lost,
        newPacks: report.newPacks.length,
        reported: told && (await deliverSoon(agent, signal)) && (await deliverReleasesSoon(agent, signal)),
      });
    });
  },
  text: {
    item: (i) => (i['type'] === 'entry' ? lostLine(i) : snapshotLine(i)),
    result: (r) => resultLines(r),
  },
});

interface LostVersion extends LostEntry {
  readonly first: number;
  last: number;
  snapshots: number;
}

/** A file that is lost in many snapshots, once. */
class LostVersions {
  readonly #byKey = new Map<string, LostVersion>();

  add(sequence: number, { path, entry }: LostEntry): void {
    const key = `${path.map((name) => Buffer.from(name).toString('latin1')).join('/')} ${contentKey(entry)}`;
    const known = this.#byKey.get(key);
    if (!known) this.#byKey.set(key, { path, entry, first: sequence, last: sequence, snapshots: 1 });
    else {
      known.last = sequence;
      known.snapshots += 1;
    }
  }

  all(): readonly LostVersion[] {
    return [...this.#byKey.values()];
  }
}

function contentKey({ tree, content }: TreeEntry): string {
  const id = tree ?? (content && ('ids' in content ? content.ids : content.chunkList));
  return id ? toHex(id) : '';
}

function itemOf({ path, entry, first, last, snapshots }: LostVersion, display: (path: Uint8Array) => string): ItemEvent {
  const shown = `/${path.map((name) => display(name)).join('/')}`;
  const isFolder = entry.type === 'directory';
  return {
    event: 'item',
    type: 'entry',
    lost: true,
    path: shown,
    kind: entry.type,
    bytes: isFolder ? (entry.summary?.bytes ?? 0) : entry.size,
    ...(isFolder && { files: entry.summary?.files ?? 0 }),
    mtimeMs: Number(entry.mtimeNs / 1_000_000n),
    first,
    last,
    snapshots,
  };
}

function snapshotItem({ sequence, lost, before }: RepairedSnapshot): ItemEvent {
  return { event: 'item', type: 'snapshot', sequence, lost: lost ?? null, before: before ?? null };
}

function lostLine(i: ItemEvent): string {
  const { first, last } = { first: Number(i['first']), last: Number(i['last']) };
  const where = first === last ? `snapshot ${first}` : `snapshots ${first}-${last}`;
  const what = i['kind'] === 'directory' ? `names in this folder, and up to ${formatCount(Number(i['files']), 'file')} below` : 'file';
  return `lost  ${formatBytes(Number(i['bytes'])).padStart(9)}  ${formatTime(Number(i['mtimeMs']))}  ${where.padEnd(14)}  ${printable(text(i['path']))}  (${what})`;
}

function snapshotLine(i: ItemEvent): string {
  const lost = i['lost'] as RepairedSnapshot['lost'] | null;
  if (!lost) return `snapshot ${text(i['sequence'])}: what was lost of it is there again`;
  const { files, folders, bytes } = lost;
  const counts = [
    ...(files > 0 || folders === 0 ? [formatCount(files, 'file')] : []),
    ...(folders > 0 ? [formatCount(folders, 'folder')] : []),
  ];
  return `snapshot ${text(i['sequence'])}: ${counts.join(' and ')} lost, ${formatBytes(bytes)}; the rest of it is there`;
}

function resultLines(r: ResultEvent): string[] {
  const number = (name: string): number => Number(r[name] ?? 0);
  const all = formatCount(number('snapshots'), 'snapshot');
  const damaged = number('snapshotsDamaged');
  if (damaged === 0 && r['changed'] !== true) return [`${all} looked through: nothing is lost of them`];
  const lines = [`${r['dryRun'] === true ? 'dry run: ' : ''}${damaged} of ${all} with something lost`];
  if (r['changed'] !== true) return [...lines, 'they are marked already; nothing changed'];
  if (r['dryRun'] === true)
    return [
      ...lines,
      'Next: run "holdfast backup" first, since what is still in your files is then stored again and not lost; then this again without --dry-run.',
    ];
  if (damaged > 0) lines.push('they are marked: check and prune go on without these parts, and restore brings back all the others');
  lines.push('When a machine with a lost pack comes back: "holdfast repair index", then this again takes the marks off.');
  return lines;
}
