import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EngineError } from '#libs/engine';
import { nodeFiles } from '#libs/kernel/node';
import { ManualClock, seededRandom } from '#libs/kernel/testing';
import { JsonFile } from '../home/json-file.ts';
import { silentLog } from '../log/agent-log.ts';
import { RunHistory, runsState } from '../runs/run-history.ts';
import { BackupRunner, type BackupRunnerPorts } from './backup-runner.ts';

/** What the vault is asked for stands still until the test says how it ends. */
type Capture = PromiseWithResolvers<unknown>;

let home: string;
let captures: Capture[];
let runs: RunHistory;
let runner: BackupRunner;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-runner-'));
  captures = [];
  const clock = new ManualClock(1_000);
  runs = await RunHistory.open(
    {
      file: new JsonFile(nodeFiles, join(home, 'runs.json'), runsState),
      clock,
      random: seededRandom(1),
      report: () => Promise.resolve(),
    },
    true,
  );
  runner = new BackupRunner({
    ...{ home, rulesFile: join(home, 'backup.yaml'), clock, log: silentLog, runs, resources: {}, giveWay: true, reporter: {} },
    ownFolders: { list: () => ['/somewhere'] },
    policy: { effective: { folders: [] } },
    vault: {
      use: () => {
        const capture = Promise.withResolvers<unknown>();
        captures.push(capture);
        return capture.promise;
      },
    },
  } as unknown as BackupRunnerPorts);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const { signal } = new AbortController();
const aResult = (sequence: number) => ({
  snapshot: { sequence, stats: { files: 1, bytes: 1, newPacks: 1, errors: 0 } },
  problems: [],
  notes: [],
});
const nextCapture = async (number: number): Promise<Capture> => {
  while (captures.length < number) await new Promise((resolve) => setTimeout(resolve, 2));
  return captures[number - 1]!;
};

it('a scheduled backup joins one of everything, and follows one of named paths', async () => {
  const named = runner.run({ trigger: 'manual', paths: ['/somewhere/notes'], signal });
  const first = await nextCapture(1);
  const scheduled = runner.runOrJoin({ trigger: 'schedule', paths: [], signal });
  first.resolve(aResult(1));
  await named;
  expect(runs.coveredUntilMs).toBe(0);
  const second = await nextCapture(2);
  const joined = runner.runOrJoin({ trigger: 'admin', paths: [], signal });
  second.resolve(aResult(2));
  expect([await scheduled, await joined]).toEqual([aResult(2), aResult(2)]);
  expect(captures).toHaveLength(2);
  expect(runs.runs.map((run) => run.trigger)).toEqual(['manual', 'schedule']);
  expect(runs.coveredUntilMs).toBe(1_000);
});

it('a run that failed is written down with whether it may pass', async () => {
  const failing = runner.run({ trigger: 'schedule', paths: [], signal });
  (await nextCapture(1)).reject(new EngineError('folder_not_found', 'none of the folders is there'));
  await expect(failing).rejects.toMatchObject({ code: 'folder_not_found' });
  expect(runs.failuresSince(0)).toEqual({ count: 1, lastEndedAtMs: 1_000, mayPass: true });
});
