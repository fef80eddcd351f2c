import { availableParallelism } from 'node:os';
import { type Clock, isAppError, systemClock, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { isServedHere } from '#libs/kernel/served-here';
import { limits, type SnapshotRoot, type TreeEntry } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { FileFacts, Platform } from '../platform/index.ts';
import { currentPlatform, displayPath } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import { problemOf } from '../scan/file-problem.ts';
import { NeverEntered } from '../scan/never-entered.ts';
import { FolderScanner } from '../scan/scan-folder.ts';
import { keepHeapSmall, keepHeapSmallOnce } from '../small-heap.ts';
import { BackupCounts } from './backup-counts.ts';
import type { BackupOptions, BackupResult } from './backup-types.ts';
import { FileBatches, type MoreSealers } from './file-batches.ts';
import { FileEntries } from './file-entries.ts';
import { FileSealer } from './file-sealer.ts';
import { backupLimits } from './limits.ts';
import { parentRoots } from './parent-roots.ts';
import { capturePiped, pipedPath } from './piped-file.ts';
import { sealedBytesCell } from './sealed-bytes.ts';
import type { Sealer } from './sealer.ts';
import { BackupSession } from './session.ts';
import { enterStaging } from './staging-room.ts';
import { unwrapStoreFailure } from './store-failure.ts';
import type { WalkContext } from './slot.ts';
import { TreeBackup } from './tree-backup.ts';
import { WorkerSealer } from './worker-sealer.ts';

/**
 * Captures folders as a new snapshot: scan → changed? → read → chunk → seal → pack → trees → index → record → head.
 *
 * The snapshot exists only once it is complete in the local store. Stopped before (signal, crash, full disk), the packs sealed so far stay and
 * the next run uses them. What can't be read is recorded and the rest goes on. Throws `no_folders`, `folder_not_found` (all of them are missing),
 * `disk_full`, `interrupted`.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { vault, signal } = options;
  const platform = options.platform ?? currentPlatform();
  const clock = options.clock ?? systemClock;
  const startedAtMs = clock.nowMs();
  const counts = new BackupCounts();
  throwIfInterrupted(signal);
  const roots = findRoots(options, platform, counts);
  keepHeapSmall();
  // From here to the end nothing that is known may be retired: the snapshot in the making counts on it.
  const leave = await vault.sessions.enter();
  try {
    const leaveStaging = await enterStaging(vault.options.store.staging);
    try {
      return await capture(options, { platform, clock, startedAtMs, counts, roots });
    } finally {
      await leaveStaging();
    }
  } finally {
    leave();
  }
}

interface Prepared {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly counts: BackupCounts;
  readonly roots: readonly { readonly path: Buffer; readonly facts: FileFacts }[];
}

async function capture(options: BackupOptions, { platform, clock, startedAtMs, counts, roots }: Prepared): Promise<BackupResult> {
  const { vault, signal } = options;
  const parents = await parentRoots(
    vault,
    roots.map(({ path }) => path),
  );
  const session = new BackupSession(vault, counts);
  const { primitives, store, random = systemRandom } = vault.options;
  const { vaultId, keys } = vault;
  const { epoch, parameters } = vault.header;
  const sealerVault = { vaultId, keys, epoch, parameters };
  const sealedBytes: Float64Array[] = [];
  const newCell = (): Float64Array => {
    const cell = sealedBytesCell();
    sealedBytes.push(cell);
    return cell;
  };
  const sealers = new Set<Sealer>();
  const added = <S extends Sealer>(sealer: S): S => {
    sealers.add(sealer);
    return sealer;
  };
  let own: FileSealer | undefined = added(
    new FileSealer({ vault: sealerVault, primitives, random, platform, ports: session.ports, sealedBytes: newCell() }),
  );
  const workers = workerCount(options);
  const threads: MoreSealers = {
    fromBytes: options.workersFromBytes ?? backupLimits.workersFromBytes,
    start: () => {
      const newThread = () =>
        new WorkerSealer({
          vault: sealerVault,
          ports: session.ports,
          stagingFolder: store.staging?.folder,
          giveWay: options.giveWay === true,
          sealedBytes: newCell(),
          signal,
        });
      const started = Array.from({ length: workers }, () => added(newThread()));
      void keepHeapSmallOnce(Promise.allSettled(started.map(({ ready }) => ready)));
      return started.map((sealer) => ({ ready: sealer.ready, seal: (jobs) => sealer.seal(jobs) }));
    },
    retireFirst: async () => {
      // Let go of for its memory: some 15 MiB.
      const done = own!;
      own = undefined;
      await done.flush();
      sealers.delete(done);
      await done.close();
    },
  };
  const batches = new FileBatches((jobs) => own!.seal(jobs, signal), workers === 0 ? undefined : threads);

  const progress = new ProgressReporter(options.onProgress, clock, options.progressIntervalMs);
  const report = (phase: 'transfer' | 'commit') =>
    progress.update(phase, () => ({
      filesDone: counts.filesDone,
      // Holes of sparse files are never sealed; once all is sealed, all is done.
      bytesDone: phase === 'commit' ? counts.bytes : counts.unchangedBytes + sealedBytes.reduce((sum, [bytes = 0]) => sum + bytes, 0),
      filesTotal: parents.files,
      bytesTotal: parents.bytes,
      current: counts.current && displayPath(counts.current),
      errors: counts.errors,
    }));

  const context: WalkContext = {
    platform,
    primitives,
    gearKey: keys.gear,
    reader: vault.reader,
    index: vault.index,
    store: session.storeMeta,
    batches,
    rules: options,
    counts,
    needed: session.needed,
    report: () => report('transfer'),
    signal,
  };
  // The walk stands still while one large file is sealed; whoever watches still sees it go on.
  const ticking = setInterval(() => report('transfer'), options.progressIntervalMs ?? backupLimits.progressTickMs);
  try {
    const files = new FileEntries(context);
    const captured: SnapshotRoot[] = [];
    for (const { path, facts } of roots) {
      const walk = new TreeBackup(context, new FolderScanner(platform, scanOptions(options), facts.device), files);
      const entry: TreeEntry | undefined = await walk.run(path, facts, parents.entries.get(path.toString('latin1')));
      if (entry) captured.push({ path, entry });
    }
    if (options.piped) {
      const entry = await capturePiped(options.piped, {
        vault,
        session,
        counts,
        platform,
        clock,
        signal,
        onBytes: () => report('transfer'),
      });
      captured.push({ path: pipedPath(platform, options.piped.name), entry });
    }
    await batches.finish();
    await flushAll(sealers);
    // Their memory is free before the index is written, which takes most of it in this thread. They end while the disk takes the last packs.
    await Promise.all([...Array.from(sealers, (sealer) => sealer.close()), session.finish()]);
    throwIfInterrupted(signal);
    clearInterval(ticking);
    report('commit');
    const record = {
      startedAtMs,
      host: options.host,
      user: options.user,
      roots: captured,
      // For people to look at: no reason to make no snapshot where there are more than one may name.
      excludes: (options.excludes ?? []).slice(0, limits.textsPerRecord),
      tags: options.tags ?? [],
      partial: counts.partial,
      adHoc: options.adHoc === true,
      stats: statsOf(counts, clock.nowMs() - startedAtMs),
    };
    const { snapshot, indexPacks } = await vault.commit(record, session.needed.finish());
    return { snapshot, newPacks: [...session.newPacks, ...indexPacks], problems: counts.problems, notes: counts.notes };
  } catch (error) {
    await batches.settle();
    const failure = unwrapStoreFailure(error);
    // Stopped on purpose: what is read already is worth keeping for the next run.
    if (isAppError(failure, 'interrupted')) await keepWhatIsSealed(sealers, session);
    await session.giveUp();
    throw failure;
  } finally {
    clearInterval(ticking);
    for (const sealer of sealers) await sealer.close();
  }
}

/** How many sealing threads this run may start. */
function workerCount({ vault, platform, workers, memoryBytes = Number.POSITIVE_INFINITY }: BackupOptions): number {
  const ownAdapters = platform === undefined && vault.options.files === nodeFiles;
  const wanted = workers ?? (ownAdapters ? Math.min(backupLimits.workers, availableParallelism()) : 0);
  const { mainMemoryBytes, workerMemoryBytes } = backupLimits;
  return Math.max(0, Math.min(wanted, Math.floor((memoryBytes - mainMemoryBytes) / workerMemoryBytes)));
}

/** All at once: each has packs to end and to write. Waits for all of them, whatever happens, and throws the first thing that did. */
async function flushAll(sealers: Iterable<Sealer>): Promise<void> {
  const done = await Promise.allSettled(Array.from(sealers, (sealer) => sealer.flush()));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

async function keepWhatIsSealed(sealers: Iterable<Sealer>, session: BackupSession): Promise<void> {
  try {
    await flushAll(sealers);
    await session.finish();
  } catch {
    // The store does not take it: the next run reads these files again.
  }
}

/** What is really there of what was asked for. A folder inside another one asked for is not taken twice. */
function findRoots(options: BackupOptions, platform: Platform, counts: BackupCounts): { path: Buffer; facts: FileFacts }[] {
  if (options.folders.length === 0 && options.piped) return [];
  if (options.folders.length === 0)
    throw new EngineError('no_folders', 'there is nothing to back up', { nextStep: 'Name at least one folder.' });
  const roots = new Map<string, { path: Buffer; facts: FileFacts }>();
  const missing: string[] = [];
  const ours = new NeverEntered(platform, neverEntered(options));
  for (const folder of options.folders) {
    const path = platform.absolute(folder);
    if (isServedHere(path.toString()) || ours.covers(path)) {
      counts.problem({ path: displayPath(path), code: 'bad_argument', message: "is Holdfast's own data, which is never backed up" });
      continue;
    }
    try {
      roots.set(path.toString('latin1'), { path, facts: platform.facts(path) });
    } catch (error) {
      if (!isAppError(error)) throw error;
      counts.partial = true;
      const gone = error.code === 'file_not_found' || error.code === 'not_a_folder';
      counts.problem(gone ? { path: displayPath(path), code: 'folder_not_found', message: 'is not there' } : problemOf(path, error));
      missing.push(displayPath(path));
    }
  }
  if (roots.size === 0 && missing.length === 0)
    throw new EngineError('no_folders', "all that was named is Holdfast's own data, which is never backed up", {
      nextStep: 'Name another folder.',
    });
  if (roots.size === 0) {
    throw new EngineError('folder_not_found', `none of the folders is there: ${missing.join(', ')}`, {
      context: { folders: missing.join(', ') },
      nextStep: 'Check the names of the folders to back up.',
    });
  }
  const paths = [...roots.keys()];
  const inside = (path: string): boolean =>
    paths.some(
      (other) =>
        other !== path && path.startsWith(other.endsWith('/') ? other : `${other}/`) && roots.get(other)!.facts.kind === 'directory',
    );
  const apart = [...roots].filter(([path]) => !inside(path));
  if (apart.length > limits.rootsPerRecord - 1)
    throw new EngineError('too_many_folders', `${apart.length} folders and files are more than one snapshot can hold beside each other`, {
      context: { folders: apart.length },
      nextStep: `Name at most ${limits.rootsPerRecord - 1}, or the folder that they are in.`,
    });
  return apart.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, root]) => root);
}

function scanOptions(options: BackupOptions) {
  return { ...options, neverEnter: neverEntered(options) };
}

function neverEntered({ vault, neverEnter = [] }: BackupOptions): Buffer[] {
  return [Buffer.from(vault.options.folder), ...neverEnter];
}

function statsOf(counts: BackupCounts, durationMs: number) {
  const { files, directories, bytes, readBytes, newFiles, changedFiles, unchangedFiles, newChunks, newPackBytes, newPacks, errors } =
    counts;
  return {
    files,
    directories,
    bytes,
    readBytes,
    newFiles,
    changedFiles,
    unchangedFiles,
    newChunks,
    newPackBytes,
    newPacks,
    errors,
    durationMs: Math.max(0, Math.round(durationMs)),
  };
}
