import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import type { ProgressEvent, ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, formatDuration } from '../output/format.ts';
import { AgentError } from '../errors.ts';
import { askForPolicy } from '../policy/ask-for-policy.ts';
import { deliverSoon } from './deliver-soon.ts';
import { dryRun } from './dry-run.ts';
import { isPipeAddress } from './pipe/pipe-protocol.ts';
import { refuseOwnData } from '../folders/own-data.ts';
import { readPipe } from './pipe/read-pipe.ts';
import { selection } from './selection.ts';
import { waitProtected } from './wait-protected.ts';

const args = z.strictObject({
  paths: z.array(z.string().min(1).max(4096)).max(1000),
  dryRun: z.boolean(),
  waitProtected: z.boolean(),
  timeoutSeconds: z.number().positive().optional(),
  readAll: z.boolean(),
  tags: z.array(z.string().min(1).max(100)).max(100),
  selection: selection.default({}),
  /** Content that the command line offers at a socket of its own. */
  pipe: z.strictObject({ address: z.string().max(4096), name: z.string().min(1).max(255) }).optional(),
});

/** `holdfast backup`: exit 3 when some files could not be read. */
export const backupCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, options) {
    refuseOwnData(options.paths, agent.paths.home);
    if (options.dryRun) {
      yield* dryRun(agent, options.paths, options.selection, outer);
      return;
    }
    const { pipe } = options;
    if (pipe && !isPipeAddress(pipe.address, agent.paths.control))
      throw new AgentError('bad_argument', 'content can be piped in only by the command line of the same data folder');
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      // Without a daemon this process is the only source of its packs; it gets ready while files are read.
      const serving =
        options.waitProtected && agent.role === 'command'
          ? (await import('./serve-while-waiting.ts')).serveWhileWaiting(agent, signal)
          : undefined;
      try {
        if (agent.role === 'command') await askForPolicy(agent, signal);
        const result = await agent.backups.run({
          trigger: 'manual',
          paths: options.paths,
          readAll: options.readAll,
          tags: options.tags,
          selection: options.selection,
          ...(pipe && { piped: { name: pipe.name, content: readPipe(pipe.address, signal) } }),
          signal,
          onProgress,
        });
        for (const problem of result.problems) emit({ event: 'notice', code: problem.code, message: problem.message, path: problem.path });
        for (const note of result.notes)
          if (note.code === 'hook_failed') emit({ event: 'notice', code: note.code, message: note.message, path: note.path });
        await serving?.ready;
        const reported = await deliverSoon(agent, signal);
        const { snapshot } = result;
        await agent.protection.refresh();
        let protectedNow = agent.protection.view('newest').packsWaiting === 0;
        if (options.waitProtected && !protectedNow) {
          await waitProtected(agent, {
            timeoutMs: (options.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000,
            signal,
            onProgress: (p: ProgressEvent) => emit(p),
          });
          protectedNow = true;
        }
        emit({
          event: 'result',
          command: 'backup',
          exitCode: snapshot.stats.errors > 0 || snapshot.partial ? exitCodes.incomplete : exitCodes.done,
          state: protectedNow ? 'protected' : 'captured',
          sequence: snapshot.sequence,
          partial: snapshot.partial,
          stats: snapshot.stats,
          packs: snapshot.neededPackCount,
          packsWaiting: agent.protection.view('newest').packsWaiting,
          reported,
          unreadable: result.problems.length,
          leftOut: result.notes.length,
        });
      } finally {
        await serving?.stop();
      }
    });
  },
  text: {
    result: (result) => (result['dryRun'] === true ? dryRunLines(result) : backupLines(result)),
  },
});

function backupLines(result: ResultEvent): string[] {
  const stats = result['stats'] as Record<string, number>;
  const lines = [
    `snapshot ${result['sequence'] as number}: ${formatCount(stats['files']!, 'file')}, ${formatBytes(stats['bytes']!)} in ${formatDuration(stats['durationMs']!)}`,
    `  ${formatCount(stats['newFiles']!, 'new file')}, ${formatCount(stats['changedFiles']!, 'changed', 'changed')}, ${formatCount(stats['unchangedFiles']!, 'unchanged', 'unchanged')}; ${formatBytes(stats['newPackBytes']!)} in ${formatCount(stats['newPacks']!, 'new pack')}`,
  ];
  if (stats['errors']! > 0) lines.push(`  ${formatCount(stats['errors']!, 'file')} could not be read`);
  if (result['state'] === 'protected') lines.push('  protected: enough other machines hold everything');
  else
    lines.push(
      `  captured here; ${formatCount(result['packsWaiting'] as number, 'pack')} still to reach enough other machines${result['reported'] === true ? '' : ' (the coordinator is told later)'}`,
    );
  return lines;
}

function dryRunLines(result: ResultEvent): string[] {
  return [
    `dry run: ${formatCount(result['files'] as number, 'file')}, ${formatBytes(result['bytes'] as number)} in ${formatCount(result['directories'] as number, 'folder')}; nothing was stored`,
    ...(result['errors'] === 0 ? [] : [`  ${formatCount(result['errors'] as number, 'file')} could not be looked at`]),
  ];
}
