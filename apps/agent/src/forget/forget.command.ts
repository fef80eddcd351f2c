import { z } from 'zod';
import type { RetentionRules } from '#libs/durability';
import { deliverReleasesSoon } from '../releases/deliver-releases-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { formatCount, formatTime, printable, text } from '../output/format.ts';
import { refuseNamed } from './refuse-named.ts';
import { retentionOfVault } from './retention-of-vault.ts';

const keep = z.int().min(0).max(10_000).optional();
const args = z.strictObject({
  sequences: z.array(z.int().min(1)).max(50_000),
  rules: z.strictObject({
    last: keep,
    hourly: keep,
    daily: keep,
    weekly: keep,
    monthly: keep,
    yearly: keep,
    withinDays: z.int().min(0).max(36_600).optional(),
    tags: z.array(z.string().min(1).max(100)).max(100),
  }),
  apply: z.boolean(),
});

/** `holdfast forget`: shows what would be forgotten and why; does it with `--apply`. */
export const forgetCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, options) {
    const asked = Object.values(options.rules).some((rule) => (Array.isArray(rule) ? rule.length > 0 : rule !== undefined));
    if (asked && options.sequences.length > 0)
      throw new AgentError('bad_argument', 'either name snapshots or give rules, not both', {
        nextStep: '"holdfast help forget" shows how.',
      });
    const rules: RetentionRules = asked ? { ...noRule, ...withoutUndefined(options.rules) } : agent.policy.effective.retention;
    const { forget } = await import('#libs/engine');
    const { displayPath } = await import('#libs/engine');
    const { plan, snapshots, pinsKnown } = await agent.vault.use(async (vault) => {
      const made = await retentionOfVault(agent, vault, rules, signal);
      const wanted = new Set(options.sequences);
      const shown =
        wanted.size === 0
          ? made.plan
          : {
              keep: made.plan.keep.filter(({ sequence }) => !wanted.has(sequence)).map((one) => ({ ...one, reasons: ['not named'] })),
              forget: [...wanted].map((sequence) => ({ sequence, reason: 'named' })),
            };
      refuseNamed(wanted, made);
      if (options.apply && shown.forget.length > 0) {
        await forget(
          vault,
          shown.forget.map(({ sequence }) => sequence),
        );
        await agent.reporter.reconcile(vault, { needsUnchanged: true });
      }
      return { plan: shown, snapshots: made.snapshots, pinsKnown: made.pinsKnown };
    });
    if (!pinsKnown && plan.forget.length > 0)
      yield {
        event: 'notice',
        code: 'coordinator_unreachable',
        message: "the coordinator can't be asked, so a snapshot that is pinned in the panel alone is not known to be",
      };
    const rows = [
      ...plan.keep.map(({ sequence, reasons }) => ({ sequence, keep: true, reasons })),
      ...plan.forget.map(({ sequence, reason }) => ({ sequence, keep: false, reasons: [reason] })),
    ].sort((a, b) => a.sequence - b.sequence);
    for (const row of rows) {
      const snapshot = snapshots.get(row.sequence);
      yield {
        event: 'item',
        type: 'snapshot',
        ...row,
        endedAtMs: snapshot?.endedAtMs ?? 0,
        folders: snapshot?.roots.map(({ path }) => displayPath(path)) ?? [],
        tags: snapshot?.tags ?? [],
      };
    }
    const reported =
      options.apply && plan.forget.length > 0 ? (await deliverSoon(agent, signal)) && (await deliverReleasesSoon(agent, signal)) : true;
    yield {
      event: 'result',
      command: 'forget',
      exitCode: exitCodes.done,
      dryRun: !options.apply,
      kept: plan.keep.length,
      forgotten: plan.forget.length,
      reported,
    };
  },
  text: {
    item: (s) =>
      `${s['keep'] === true ? 'keep  ' : 'forget'}  ${text(s['sequence']).padStart(4)}  ${formatTime(Number(s['endedAtMs']))}  ${(s['reasons'] as string[]).join('; ')}  ${printable((s['folders'] as string[]).join(', '))}`,
    result: (r) => [
      r['dryRun'] === true
        ? `${formatCount(Number(r['forgotten']), 'snapshot')} would be forgotten, ${formatCount(Number(r['kept']), 'kept', 'kept')}. Nothing was changed; --apply does it.`
        : `${formatCount(Number(r['forgotten']), 'snapshot')} forgotten, ${formatCount(Number(r['kept']), 'kept', 'kept')}. "holdfast prune" sets their room free.`,
    ],
  },
});

const noRule: RetentionRules = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

function withoutUndefined(rules: z.infer<typeof args>['rules']): Partial<RetentionRules> {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as Partial<RetentionRules>;
}
