import { hostname, userInfo } from 'node:os';
import type { BackupResult, PipedFile, Progress } from '#libs/engine';
import { type Clock, isAppError, messageOf } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import { isOwnData, refuseOwnData } from '../folders/own-data.ts';
import type { OwnFolders } from '../folders/own-folders.ts';
import type { AgentLog } from '../log/agent-log.ts';
import { errorFields } from '../log/agent-log.ts';
import { backupFolders } from '../policy/backup-folders.ts';
import type { PolicyKeeper } from '../policy/policy-keeper.ts';
import type { RunHistory, RunTrigger } from '../runs/run-history.ts';
import type { VaultAccess } from '../runtime/vault-access.ts';
import type { BackupResources } from './backup-resources.ts';
import { mayPass } from './may-pass.ts';
import { type OwnRules, readOwnRules } from './own-rules.ts';
import { type Selection, scanRules } from './selection.ts';
import type { VaultReporter } from './vault-reporter.ts';
import { withHooks } from './with-hooks.ts';

export interface BackupRequest {
  readonly trigger: RunTrigger;
  /** Absolute; empty: the folders of policy and join. */
  readonly paths: readonly string[];
  readonly readAll?: boolean;
  readonly tags?: readonly string[];
  /** Of this run only; adds to the policy's and this machine's own. */
  readonly selection?: Selection;
  /** Content of a pipe, captured instead of folders. */
  readonly piped?: PipedFile;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface BackupRunnerPorts {
  readonly home: string;
  /** Where `backup.yaml` is, if there is one. */
  readonly rulesFile: string;
  readonly ownFolders: OwnFolders;
  readonly policy: PolicyKeeper;
  readonly runs: RunHistory;
  readonly vault: VaultAccess;
  readonly reporter: VaultReporter;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Worker threads and memory; see `BackupOptions`. */
  readonly resources: BackupResources;
  /** Whether backups give way to other programs: those that nobody sits and waits for. */
  readonly giveWay: boolean;
}

/** Runs backups of this device, one at a time, each recorded as a run from before its start to its end. */
export class BackupRunner {
  readonly #ports: BackupRunnerPorts;
  #running: { readonly result: Promise<BackupResult>; readonly adHoc: boolean } | undefined;
  #progress: Progress | undefined;

  constructor(ports: BackupRunnerPorts) {
    this.#ports = ports;
  }

  /** Undefined while nothing runs. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The folders that a backup without paths takes: the policy's and this machine's own. */
  folders(): string[] {
    return backupFolders(this.#ports.policy.effective.folders, this.#ports.ownFolders.list());
  }

  /** Throws `busy` while another backup runs, `nothing_to_back_up`, `bad_argument` when there is only the agent's own data to back up, and what the engine throws; the run's end is recorded first. */
  async run(request: BackupRequest): Promise<BackupResult> {
    if (this.#running) {
      throw new AgentError('busy', 'a backup is running already', {
        status: 'temporary',
        nextStep: '"holdfast status" shows how far it is.',
      });
    }
    const result = this.#run(request).finally(() => {
      this.#running = undefined;
      this.#progress = undefined;
    });
    this.#running = { result, adHoc: isAdHoc(request) };
    return result;
  }

  /** The backup of everything that runs now, or a new one, after one of named paths: for who only wants a backup to have happened. */
  async runOrJoin(request: BackupRequest): Promise<BackupResult> {
    while (this.#running) {
      if (!this.#running.adHoc) return this.#running.result;
      await this.#running.result.catch(() => undefined);
      request.signal.throwIfAborted();
    }
    return this.run(request);
  }

  async #run(request: BackupRequest): Promise<BackupResult> {
    const { runs, clock, log } = this.#ports;
    const startedAtMs = clock.nowMs();
    const runId = await runs.start(request.trigger, { adHoc: isAdHoc(request) });
    log.write('info', 'backup started', { trigger: request.trigger });
    try {
      const rules = await readOwnRules(this.#ports.rulesFile);
      const { trigger, signal } = request;
      const result = await withHooks({ hooks: rules.hooks, trigger, signal, log }, () => this.#capture(request, rules));
      const { stats, sequence } = result.snapshot;
      await runs.end(runId, {
        state: 'captured',
        filesDone: stats.files,
        bytesDone: stats.bytes,
        snapshotSequence: sequence,
        errorCode: null,
        errorMessage: null,
        fileErrors: stats.errors,
      });
      log.write('info', 'backup captured', {
        sequence,
        files: stats.files,
        bytes: stats.bytes,
        newPacks: stats.newPacks,
        errors: stats.errors,
        durationMs: clock.nowMs() - startedAtMs,
      });
      return result;
    } catch (error) {
      const interrupted = request.signal.aborted;
      log.write(interrupted ? 'info' : 'error', interrupted ? 'backup interrupted' : 'backup failed', errorFields(error));
      await runs
        .end(runId, {
          state: interrupted ? 'interrupted' : 'failed',
          filesDone: this.#progress?.filesDone ?? 0,
          bytesDone: this.#progress?.bytesDone ?? 0,
          snapshotSequence: null,
          errorCode: interrupted ? 'interrupted' : isAppError(error) ? error.code : 'internal',
          errorMessage: interrupted ? 'stopped before the end' : messageOf(error),
          fileErrors: this.#progress?.errors ?? 0,
          mayPass: mayPass(error),
        })
        // On a full disk the run's end can't be written either; it is found as cut off at the next start.
        .catch((second: unknown) => log.write('error', 'the end of the run could not be recorded', errorFields(second)));
      throw error;
    }
  }

  async #capture(request: BackupRequest, rules: OwnRules): Promise<BackupResult> {
    const { piped } = request;
    const { vault, reporter, policy, resources, giveWay, home, clock } = this.#ports;
    const folders = request.paths.length > 0 ? [...request.paths] : piped ? [] : this.folders();
    if (folders.length === 0 && !piped) {
      throw new AgentError('nothing_to_back_up', 'neither the policy nor this machine names a folder to back up', {
        nextStep:
          'Name one: "holdfast folders add PATH" (or "holdfast backup PATH" for once), or add folders to the policy in the admin panel.',
      });
    }
    // One among others is left out with a word about it; so a slip in the policy keeps no machine from being backed up.
    if (folders.every((folder) => isOwnData(folder, home))) refuseOwnData(folders, home);
    const { backup } = await import('#libs/engine');
    return vault.use(async (open) => {
      // What an earlier run left unreported goes first, so that the coordinator sees things in their order.
      await reporter.reconcile(open);
      try {
        return await backup({
          vault: open,
          folders,
          ...scanRules(policy.effective, rules.selection, request.selection),
          ...(piped && { piped }),
          neverEnter: [Buffer.from(home)],
          readAll: request.readAll === true,
          tags: request.tags ?? [],
          adHoc: isAdHoc(request),
          host: hostname(),
          user: userName(),
          ...resources,
          giveWay,
          clock,
          signal: request.signal,
          onProgress: (progress) => {
            this.#progress = progress;
            request.onProgress?.(progress);
          },
        });
      } finally {
        // Also after a failure: packs that are sealed are announced, so that holders have them before the next run.
        await reporter.reconcile(open);
      }
    });
  }
}

const isAdHoc = ({ paths, piped }: BackupRequest): boolean => paths.length > 0 || piped !== undefined;

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list (containers).
    return process.getuid ? String(process.getuid()) : '';
  }
}
