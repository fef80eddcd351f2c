/** The main job of Holdfast on one machine, with real processes, a real database and a real swarm. See `--help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '#libs/kernel';
import { killAll, programs, start } from '../support/processes.ts';
import type { DemoOptions } from './options.ts';
import { readOptions, usage } from './options.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import { runScenario } from './scenario.ts';

function options(): DemoOptions {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== 'help') return read;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function loginLink(home: string): Promise<string> {
  const command = start(programs.coordinator, ['login-link'], { env: { HOLDFAST_ENV: 'demo', HOLDFAST_COORDINATOR_HOME: home } });
  const [link] = await command.waitFor(/https:\/\/\S+\/sign-in#\S+/, 30_000);
  await command.ended;
  return link;
}

async function main(chosen: DemoOptions, report: Report, folder: string): Promise<number> {
  const { team, summary } = await runScenario(chosen, folder, report);
  const ok = summary.differences === 0 && summary.snapshotState !== 'captured' && summary.ownerDestroyed;
  report.say(
    'compared',
    summary.differences === 0
      ? 'Compared every byte and all metadata with the original: no difference.'
      : `Compared with the original: ${summary.differences} differences.`,
  );
  if (!chosen.exit) {
    report.say(
      'panel',
      `Have a look: ${await loginLink(team.coordinator.home)} (one sign-in; the certificate is self-signed). Ctrl-C ends the demo.`,
    );
    await new Promise<void>((resolve) => process.once('SIGINT', resolve));
  }
  await team.stop();
  report.say(
    'summary',
    `${summary.files} files, ${summary.packs} packs, ${summary.snapshotState}; ${summary.repairedPacks} packs repaired after ${summary.killedHolder} was killed; restored by ${summary.restoredBy} with ${summary.differences} differences.`,
    { ok, ...summary },
  );
  return ok ? 0 : 1;
}

const chosen = options();
const report = createReport(chosen.json);
const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
let status = 1;
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(143));
process.once('exit', () => {
  killAll();
  // What went wrong can be read in the logs; a demo that went well leaves nothing.
  if (status === 0 || process.exitCode === 0) rmSync(folder, { recursive: true, force: true });
});
try {
  status = await main(chosen, report, folder);
} catch (error) {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
  report.say('summary', `The demo failed: ${messageOf(error)}${cause}. Logs: ${folder}`, {
    ok: false,
    error: messageOf(error),
    logs: folder,
  });
}
process.exit(status);
