import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '#libs/engine';
import type { PackId } from '#libs/kernel';
import type { BlockRejected } from '#libs/vault';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import type { ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, printable, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { damagedHere, repairOwnPacks } from '../reading/repair-own-packs.ts';
import { parseReadData } from './read-data.ts';

const args = z.strictObject({ readData: z.string().max(40), structure: z.boolean().default(false) });

/**
 * `holdfast check`: is the vault whole. A pack that is damaged or missing here is fetched again from its holders; exit 1
 * when something stays wrong.
 */
export const checkCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, options) {
    const readData = parseReadData(options.readData);
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      const { check, LostPacks, RetiredPacks, VerifiedTimesFile } = await import('#libs/engine');
      const verifiedTimes = await VerifiedTimesFile.open(agent.files, join(agent.paths.vault, 'verified'));
      const { reader, blocks, opener, rejected, documents } = await openOwnVault(agent, signal);
      const retired = await new RetiredPacks(agent.files, join(agent.paths.vault, 'retired')).read();
      const lost = await new LostPacks(agent.files, join(agent.paths.vault, 'lost')).read();
      const report = await check({
        reader,
        blocks,
        opener,
        store: agent.own,
        retired: new Set(retired.map(({ packId }) => packId)),
        lost: new Set(lost.map(({ packId }) => packId)),
        readData,
        structureOnly: options.structure,
        verifiedTimes,
        clock: agent.clock,
        random: agent.random,
        signal,
        onProgress,
      });
      if (agent.role !== 'reader') await verifiedTimes.save(Array.from(reader.packs.values(), ({ packId }) => packId));
      const findings = [...report.findings, ...foundElsewhere(report.findings, rejected)];
      const damaged = new Map<PackId, number>();
      for (const { severity, packId } of findings) {
        const ordinal = severity === 'error' && packId !== undefined ? reader.packs.ordinalOf(packId) : undefined;
        const pack = ordinal === undefined ? undefined : reader.packs.get(ordinal);
        if (pack) damaged.set(pack.packId, pack.sizeBytes);
      }
      const repaired = new Set(await repairOwnPacks(agent, damaged, signal));
      const healed = agent.vault.takeHealed();
      for (const { what, packId, from } of healed) {
        if (packId) repaired.add(packId);
        emit({
          event: 'item',
          type: 'finding',
          severity: 'error',
          code: packId ? 'pack_corrupt' : what === 'list of packs to be released' ? 'packs_retired' : 'head_invalid',
          message: `the ${what} on this disk was damaged; replaced from ${from}`,
          packId,
          repaired: true,
        });
      }
      const isRepaired = (f: Finding): boolean => f.packId !== undefined && repaired.has(f.packId);
      for (const f of findings) {
        emit({
          event: 'item',
          type: 'finding',
          severity: f.severity,
          code: f.code,
          message: f.message,
          packId: f.packId,
          sequence: f.sequence,
          path: f.path,
          repaired: isRepaired(f),
        });
      }
      if (report.unlistedErrors > 0)
        emit({
          event: 'notice',
          code: 'errors_unlisted',
          message: `${formatCount(report.unlistedErrors, 'error')} more than are named here; once these are repaired, run it again`,
        });
      const open = findings.filter((f) => f.severity === 'error' && !isRepaired(f)).length + report.unlistedErrors;
      emit({
        event: 'result',
        command: 'check',
        exitCode: open > 0 ? exitCodes.failed : exitCodes.done,
        ok: open === 0,
        errors: open,
        repairedPacks: [...repaired],
        repairedDocuments: healed.filter((h) => !h.packId).map((h) => h.what),
        snapshots: report.snapshots,
        packs: report.packs,
        trees: report.trees,
        files: report.files,
        packsRead: report.packsRead,
        bytesRead: report.bytesRead,
        packsNeverRead: report.packsNeverRead,
        oldestReadMs: report.oldestReadMs,
        structureOnly: options.structure,
        documentsFrom: documents.from,
      });
    });
  },
  text: {
    item: (f) =>
      `${f['severity'] === 'error' ? (f['repaired'] === true ? 'repaired' : 'error') : 'note'}: ${printable(withoutSources(text(f['message'])))} (${text(f['code'])})`,
    result: (r) => [
      `${r['ok'] === true ? 'whole' : `not whole: ${formatCount(Number(r['errors']), 'error')}`}: ${formatCount(Number(r['snapshots']), 'snapshot')}, ${formatCount(Number(r['packs']), 'pack')}, ${formatCount(Number(r['files']), 'file')}; ${formatBytes(Number(r['bytesRead']))} of data read`,
      `  ${depthOf(r)}`,
      ...(r['ok'] === true ? [] : [`  ${nextStep}`]),
      ...((r['repairedPacks'] as string[]).length > 0
        ? [`${formatCount((r['repairedPacks'] as string[]).length, 'pack')} fetched again from holders`]
        : []),
    ],
  },
});

const nextStep =
  'Next: run the check again when the machines that hold copies are online; damaged packs are then fetched from them. What no machine has: "holdfast repair index", then "holdfast backup", stores it again while it is still in your files; "holdfast repair snapshots" then names what is lost for good.';

/** Which source answered what is for `--json`: with many holders it is a page for each pack. */
const withoutSources = (message: string): string => message.replace(/(no source has a good (?:leaf \d+|root block)) \(.*\)$/s, '$1');

/** What was looked at, in plain words, and what was not. */
function depthOf(r: ResultEvent): string {
  if (r['structureOnly'] === true) return 'only the structure was looked at: no pack was opened';
  const never = Number(r['packsNeverRead'] ?? 0);
  if (never > 0)
    return `${formatCount(never, 'pack')} of ${Number(r['packs'])} never read by a check yet: --read-data=10% takes those first`;
  const oldest = r['oldestReadMs'];
  return typeof oldest === 'number'
    ? `every pack was read by a check since ${new Date(oldest).toISOString().slice(0, 10)}`
    : 'no pack was read';
}

/** A block that is bad here and good at a holder stops no reader, so the check itself does not see it; it is damage all the same. */
function foundElsewhere(findings: readonly Finding[], rejected: readonly BlockRejected[]): Finding[] {
  const named = new Set(findings.flatMap((f) => (f.severity === 'error' && f.packId ? [f.packId] : [])));
  return [...damagedHere(rejected)]
    .filter((packId) => !named.has(packId))
    .map((packId) => {
      const bad = rejected.find((r) => r.packId === packId);
      const where = bad === undefined || bad.leaf < 0 ? 'root block' : `leaf ${bad.leaf}`;
      return {
        severity: 'error',
        code: 'pack_corrupt',
        message: `pack ${packId}, ${where}: wrong on this disk; a holder has a good one (${bad?.reason ?? 'not readable'})`,
        packId,
      };
    });
}
