import { z } from 'zod';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import type { ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, formatTime, printable, text } from '../output/format.ts';
import { deliverReleasesSoon } from '../releases/deliver-releases-soon.ts';
import { pruneVault } from './prune-vault.ts';

const args = z.strictObject({
  dryRun: z.boolean(),
  /** Bytes copied at most; undefined: a tenth of the vault. */
  maxRewriteBytes: z.int().min(0).optional(),
});

/** `holdfast prune`: takes out of the vault what no snapshot needs, and proposes it for release. */
export const pruneCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, { dryRun, maxRewriteBytes }) {
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      const { report, releases } = await agent.vault.use((vault) =>
        pruneVault(agent, vault, {
          dryRun,
          signal,
          ...(maxRewriteBytes !== undefined && { rules: { maxRewriteBytes, maxRewriteShare: 0 } }),
          onProgress,
        }),
      );
      const { plan } = report;
      for (const { packId, sizeBytes, kind } of plan.release)
        emit({ event: 'item', type: 'pack', packId, kind, bytes: sizeBytes, action: 'release', why: 'no snapshot needs it' });
      for (const { pack, why, usedBytes } of plan.rewrite)
        emit({
          event: 'item',
          type: 'pack',
          packId: pack.packId,
          kind: pack.kind,
          bytes: pack.sizeBytes,
          usedBytes,
          action: 'rewrite',
          why,
        });
      for (const { pack, why } of plan.mergeIndex)
        emit({ event: 'item', type: 'pack', packId: pack.packId, kind: pack.kind, bytes: pack.sizeBytes, action: 'merge', why });
      for (const { pack, message } of report.failed)
        emit({ event: 'notice', code: 'pack_corrupt', message: `pack ${pack.packId} can't be read and stays: ${message}` });
      if (report.missingChunks > 0)
        emit({
          event: 'notice',
          code: 'chunk_not_found',
          message: `${formatCount(report.missingChunks, 'chunk')} that snapshots need is in no pack; "holdfast check" says which files`,
        });
      const reported = dryRun ? true : (await deliverSoon(agent, signal)) && (await deliverReleasesSoon(agent, signal));
      const { packsNotAccepted, packsForAdmin, explanations, packsInHold, holdUntilMs } = agent.releases.outlook();
      emit({
        event: 'result',
        command: 'prune',
        exitCode: exitCodes.done,
        dryRun,
        vaultBytes: plan.totalBytes,
        neededBytes: plan.usedBytes,
        packsToRelease: plan.release.length,
        packsToRewrite: plan.rewrite.length,
        packsLeftForLater: plan.later.length,
        rewriteBytes: plan.rewriteBytes,
        freedBytes: plan.freedBytes,
        packsRetired: report.retired.length,
        retiredBytes: report.retiredBytes,
        newPacks: report.newPacks.length,
        newBytes: report.newBytes,
        released: releases?.released.length ?? 0,
        waiting: releases?.waiting.length ?? report.retired.length,
        packsNotAccepted,
        packsForAdmin,
        explanations,
        packsInHold,
        holdUntilMs: holdUntilMs ?? null,
        reported,
      });
    });
  },
  text: {
    item: (i) =>
      `${text(i['action']).padEnd(7)}  ${text(i['kind']).padEnd(5)}  ${formatBytes(Number(i['bytes'])).padStart(9)}  ${text(i['packId'])}  ${text(i['why'])}`,
    result: (r) => resultLines(r),
  },
});

/** Of everything that was proposed, also by earlier runs: what it waits for, and until when. */
function outlookLines(r: ResultEvent): string[] {
  const number = (name: string): number => Number(r[name] ?? 0);
  const lines: string[] = [];
  if (number('packsNotAccepted') > 0)
    lines.push(
      `  ${formatCount(number('packsNotAccepted'), 'pack')} not released yet: the coordinator is asked again by itself${r['reported'] === true ? ', once what replaces them is on enough other machines' : ', when it answers'}`,
    );
  if (number('packsForAdmin') > 0) {
    lines.push(
      `  ${formatCount(number('packsForAdmin'), 'pack')} wait for an admin, who approves or cancels the release in the panel; until then nobody deletes them`,
    );
    for (const why of r['explanations'] as readonly string[]) lines.push(`    ${printable(why)}`);
  }
  if (number('packsInHold') > 0) {
    const until = typeof r['holdUntilMs'] === 'number' ? ` until ${formatTime(r['holdUntilMs'])} at least` : '';
    lines.push(
      `  ${formatCount(number('packsInHold'), 'pack')} released: holders keep them for the hold${until}; this disk is rid of them`,
    );
  }
  return lines;
}

function resultLines(r: ResultEvent): string[] {
  const number = (name: string): number => Number(r[name] ?? 0);
  const lines = [
    `vault: ${formatBytes(number('vaultBytes'))} in packs of data and folders, ${formatBytes(number('neededBytes'))} of it needed by snapshots`,
  ];
  const later = number('packsLeftForLater');
  const more =
    later === 0
      ? []
      : [`  ${formatCount(later, 'more pack')} would be worth rewriting: the next run goes on (--max-rewrite sets how much one may copy)`];
  if (r['dryRun'] === true) {
    if (number('packsToRelease') + number('packsToRewrite') === 0) return [...lines, 'nothing to do'];
    return [
      ...lines,
      `dry run: ${formatCount(number('packsToRelease'), 'pack')} would go, ${formatCount(number('packsToRewrite'), 'more', 'more')} after ${formatBytes(number('rewriteBytes'))} of them were copied; ${formatBytes(number('freedBytes'))} would become free`,
      ...more,
    ];
  }
  if (number('packsRetired') === 0) lines.push('nothing to do');
  else
    lines.push(
      `${formatCount(number('packsRetired'), 'pack')} of ${formatBytes(number('retiredBytes'))} retired, ${formatCount(number('newPacks'), 'new one')} of ${formatBytes(number('newBytes'))}`,
    );
  if (number('released') > 0) lines.push(`  ${formatCount(number('released'), 'pack')} proposed for release`);
  lines.push(...outlookLines(r));
  if (number('waiting') > 0)
    lines.push(`  ${formatCount(number('waiting'), 'pack')} wait until enough other machines hold what the vault needs instead`);
  return [...lines, ...more];
}
