import type { FarReaders, LookedAt } from '#libs/engine';
import { type AppError, isAppError } from '#libs/kernel';
import { exitCodes } from '../cli/exit-codes.ts';
import { AgentError } from '../errors.ts';
import { isOwnData, ownDataMessage, refuseOwnData } from '../folders/own-data.ts';
import type { CommandEvent } from '../output/command-event.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { backupResources } from './backup-resources.ts';
import { readOwnRules } from './own-rules.ts';
import { type Selection, scanRules } from './selection.ts';

/** Progress is shown this often. */
const reportEvery = 2_000;

/** Looks at everything that a backup would take, with its excludes, and counts it. Reads no file, stores nothing. */
export async function* dryRun(
  agent: AgentRuntime,
  paths: readonly string[],
  asked: Selection,
  signal: AbortSignal,
): AsyncGenerator<CommandEvent> {
  const { FarReaders } = await import('#libs/engine');
  const { silentMs } = backupResources(process.env);
  const far = new FarReaders({ signal, ...(silentMs !== undefined && { silentMs }) });
  try {
    yield* countAll(agent, paths, asked, { signal, far });
  } finally {
    far.close();
  }
}

async function* countAll(
  agent: AgentRuntime,
  paths: readonly string[],
  asked: Selection,
  { signal, far }: { readonly signal: AbortSignal; readonly far: FarReaders },
): AsyncGenerator<CommandEvent> {
  const { currentPlatform, FolderScanner, matchableName } = await import('#libs/engine');
  const platform = currentPlatform();
  const folders = paths.length > 0 ? paths : agent.backups.folders();
  if (folders.length === 0)
    throw new AgentError('nothing_to_back_up', 'neither the policy nor this machine names a folder to back up', {
      nextStep: 'Name one: "holdfast backup PATH --dry-run".',
    });
  if (folders.every((folder) => isOwnData(folder, agent.paths.home))) refuseOwnData(folders, agent.paths.home);
  const rules = await readOwnRules(agent.paths.backupRules);
  const count = { files: 0, directories: 0, others: 0, bytes: 0, errors: 0, excluded: 0 };
  for (const folder of folders) {
    const root = platform.absolute(folder);
    if (isOwnData(folder, agent.paths.home)) {
      count.errors += 1;
      yield { event: 'notice', code: 'bad_argument', message: ownDataMessage, path: folder };
      continue;
    }
    let looked: LookedAt;
    try {
      looked = await far.look(root, platform);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      const gone = error.code === 'file_not_found' || error.code === 'not_a_folder';
      count.errors += 1;
      yield { event: 'notice', path: folder, ...(gone ? { code: 'folder_not_found', message: 'is not there' } : messageAndCode(error)) };
      continue;
    }
    const { facts } = looked;
    if (facts.kind !== 'directory') {
      count.files += 1;
      count.bytes += facts.sizeBytes;
      continue;
    }
    const scanner = new FolderScanner(
      platform,
      { ...scanRules(agent.policy.effective, rules.selection, asked), neverEnter: [Buffer.from(agent.paths.home)], far },
      facts.device,
    );
    const waiting = [{ path: root, below: '', rules: scanner.startRules(), far: looked.far, sizeBytes: facts.sizeBytes }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      signal.throwIfAborted();
      count.directories += 1;
      const { path, below } = next;
      const found = await scanner.scan(path, below, next.rules, { far: next.far, sizeBytes: next.sizeBytes });
      count.excluded += found.excluded;
      count.errors += found.problems.length;
      for (const problem of found.problems) yield { event: 'notice', code: problem.code, message: problem.message, path: problem.path };
      for (const { name, facts: inside, far: reader = next.far } of found.entries) {
        if (inside.kind === 'directory') {
          const text = matchableName(name);
          const place = { path: platform.join(path, name), below: below === '' ? text : `${below}/${text}` };
          waiting.push({ ...place, rules: found.rules, far: reader, sizeBytes: inside.sizeBytes });
        } else if (inside.kind === 'file') {
          count.files += 1;
          count.bytes += inside.sizeBytes;
          if (count.files % reportEvery === 0)
            yield { event: 'progress', phase: 'scan', filesDone: count.files, bytesDone: count.bytes, current: path.toString() };
        } else {
          count.others += 1;
        }
      }
    }
  }
  yield { event: 'result', command: 'backup', dryRun: true, exitCode: count.errors > 0 ? exitCodes.incomplete : exitCodes.done, ...count };
}

const messageAndCode = ({ code, message }: AppError): Pick<AppError, 'code' | 'message'> => ({ code, message });
