import { z } from 'zod';
import type { OnProgress, RepairIndexReport } from '#libs/engine';
import { isAppError, type PackId } from '#libs/kernel';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import { errorFields } from '../log/agent-log.ts';
import type { ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, text } from '../output/format.ts';
import { repairOwnPacks } from '../reading/repair-own-packs.ts';
import { deliverReleasesSoon } from '../releases/deliver-releases-soon.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

const args = z.strictObject({ readData: z.boolean(), dryRun: z.boolean(), forgetLost: z.boolean() });
type Args = z.infer<typeof args>;

/**
 * `holdfast repair index`: fetches what holders have, then makes the index say what is really there. Exit 3 when something is lost that only a new
 * backup, or a machine that is away, can bring back.
 */
export const repairIndexCommand = defineCommand<Args>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, options) {
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      const { report, fetched, told } = await repair(agent, options, signal, onProgress);
      for (const { packId, kind, sizeBytes, reason } of report.damaged)
        emit({ event: 'item', type: 'pack', packId, kind, bytes: sizeBytes, action: 'lost', why: reason });
      for (const { packId, kind, sizeBytes } of report.adopted)
        emit({
          event: 'item',
          type: 'pack',
          packId,
          kind,
          bytes: sizeBytes,
          action: 'back',
          why: 'found again; it is part of the vault again',
        });
      const away = report.elsewhere.filter(({ packId }) => !fetched.includes(packId));
      if (away.length > 0)
        emit({
          event: 'notice',
          code: 'pack_missing',
          message: `${formatCount(away.length, 'pack')} damaged or missing here can be read at holders; "holdfast check" fetches them`,
        });
      const reported = told && (options.dryRun || ((await deliverSoon(agent, signal)) && (await deliverReleasesSoon(agent, signal))));
      const isWhole = report.lostChunks + report.lostSnapshots.length === 0;
      emit({
        event: 'result',
        command: 'repair-index',
        exitCode: isWhole ? exitCodes.done : exitCodes.incomplete,
        dryRun: options.dryRun,
        readData: options.readData,
        changed: report.changed,
        packs: report.packs,
        packsLost: report.damaged.length,
        packsFetched: fetched.length,
        packsBack: report.adopted.length,
        packsReindexed: report.reindexed,
        copiedChunks: report.copiedChunks,
        lostChunks: report.lostChunks,
        lostSnapshots: report.lostSnapshots,
        standIn: report.standIn,
        newPacks: report.newPacks.length,
        reported,
      });
    });
  },
  text: {
    item: (i) =>
      `${text(i['action']).padEnd(5)}  ${text(i['kind']).padEnd(5)}  ${formatBytes(Number(i['bytes'])).padStart(9)}  ${text(i['packId'])}  ${briefly(text(i['why']))}`,
    result: (r) => resultLines(r),
  },
});

async function repair(
  agent: AgentRuntime,
  { readData, dryRun, forgetLost }: Args,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<{ readonly report: RepairIndexReport; readonly fetched: readonly PackId[]; readonly told: boolean }> {
  const { repairIndex } = await import('#libs/engine');
  // Opening it the usual way fetches header, head and index packs that are damaged here; what that can't put right is what this is for.
  await agent.vault
    .use(async () => undefined)
    .catch((error: unknown) => agent.log.write('warn', 'the vault does not open', errorFields(error)));
  const sources = [agent.held.packs, ...agent.holders.sources({ packs: new Map() })];
  const { report, fetched } = await agent.vault.useForRepair(sources, async (vault) => {
    const fetched: PackId[] = [];
    const fetch = async (packs: Iterable<{ readonly packId: PackId; readonly sizeBytes: number }>): Promise<void> => {
      const wanted = new Map(Array.from(packs, ({ packId, sizeBytes }) => [packId, sizeBytes]));
      if (!dryRun) fetched.push(...(await repairOwnPacks(agent, wanted, signal)));
    };
    await fetch(await vault.lostPacks());
    const report = await repairIndex({ vault, readData, dryRun, forgetLost, onProgress, signal });
    await fetch(report.elsewhere);
    return { report, fetched };
  });
  return { report, fetched, told: dryRun || !report.changed || (await tell(agent)) };
}

/** A snapshot with lost parts can't be described; the next backup reports everything. */
async function tell(agent: AgentRuntime): Promise<boolean> {
  try {
    await agent.vault.use((vault) => agent.reporter.reconcile(vault));
    return true;
  } catch (error) {
    if (!isAppError(error)) throw error;
    agent.log.write('warn', 'the repaired vault is reported with the next backup', errorFields(error));
    return false;
  }
}

/** Without what each source answered, which `--json` has in full. */
function briefly(why: string): string {
  return why.replace(/^pack \S+: /, '').replace(/ \(.*$/s, '');
}

function resultLines(r: ResultEvent): string[] {
  const number = (name: string): number => Number(r[name] ?? 0);
  const lostSnapshots = r['lostSnapshots'] as readonly number[];
  const lines: string[] = [];
  if (number('packsFetched') > 0) lines.push(`${formatCount(number('packsFetched'), 'pack')} fetched again from holders`);
  if (r['changed'] !== true) return [...lines, `the index is right: ${formatCount(number('packs'), 'pack')} looked at, nothing to repair`];
  lines.push(
    `${r['dryRun'] === true ? 'dry run: ' : ''}${number('packsLost')} of ${formatCount(number('packs'), 'pack')} can't be read here or at any holder that is online`,
  );
  if (number('packsBack') > 0) lines.push(`  ${formatCount(number('packsBack'), 'lost pack')} found again`);
  if (number('packsReindexed') > 0) lines.push(`  ${formatCount(number('packsReindexed'), 'pack')} put into the index again`);
  if (number('copiedChunks') > 0)
    lines.push(`  ${formatCount(number('copiedChunks'), 'chunk')} saved from packs that are damaged or that no index named`);
  if (number('lostChunks') > 0)
    lines.push(`  ${formatCount(number('lostChunks'), 'chunk')} lost: the next backup stores those again that are still in your files`);
  if (lostSnapshots.length > 0) lines.push(`  lost with their record: ${lostSnapshots.map((n) => `snapshot ${n}`).join(', ')}`);
  if (r['standIn'] !== undefined)
    lines.push(`  snapshot ${number('standIn')} is the newest readable one once more, so that no number is used twice`);
  if (r['dryRun'] === true)
    return [
      ...lines,
      lostSnapshots.length > 0
        ? 'Next: run it again when the machines that hold copies are online; or without --dry-run, with --forget-lost-snapshots, to give these snapshots up for good.'
        : 'Next: run it again without --dry-run.',
    ];
  if (number('lostChunks') + lostSnapshots.length > 0)
    lines.push(
      'Next: run "holdfast backup" now. Nothing was deleted or released: when a machine that was away comes back, run this again, and what it holds is taken back.',
    );
  return lines;
}
