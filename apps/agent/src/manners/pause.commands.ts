import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { formatRelative, formatTime } from '../output/format.ts';

const pauseArgs = z.strictObject({ durationMs: z.number().optional() });

/** `holdfast pause [DURATION]`: nothing scheduled starts, and nothing is taken in from others. */
export const pauseCommand = defineCommand<z.infer<typeof pauseArgs>>({
  args: pauseArgs,
  access: 'exclusive',
  async *run({ agent }, { durationMs }) {
    const untilMs = await agent.manners.pause(durationMs);
    yield { event: 'result', command: 'pause', exitCode: exitCodes.done, untilMs, backupRunning: agent.backups.isRunning };
  },
  text: {
    result: (r, nowMs) => [
      `Paused until ${formatTime(Number(r['untilMs']))} (${formatRelative(Number(r['untilMs']), nowMs)}): no scheduled backup starts and no packs of others are taken in.`,
      ...(r['backupRunning'] === true ? ['A backup that is running goes on to its end.'] : []),
      'Backups and restores that you start yourself still run, and audits are answered. "holdfast resume" ends the pause.',
    ],
  },
});

const resumeArgs = z.strictObject({});

/** `holdfast resume` */
export const resumeCommand = defineCommand<z.infer<typeof resumeArgs>>({
  args: resumeArgs,
  access: 'exclusive',
  async *run({ agent }) {
    yield { event: 'result', command: 'resume', exitCode: exitCodes.done, wasPaused: await agent.manners.resume() };
  },
  text: { result: (r) => [r['wasPaused'] === true ? 'The pause is over; what was missed is caught up.' : 'There was no pause.'] },
});
