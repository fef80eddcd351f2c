import { availableParallelism } from 'node:os';
import { type Clock, isAppError, systemClock, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { isServedAt, isServedHere } from '#libs/kernel/served-here';
import { limits, type SnapshotRoot, type TreeEntry } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import { FarFiles } from '../far/far-files.ts';
import { FarReaders, type LookedAt } from '../far/far-readers.ts';
import { FarSealer } from '../far/far-sealer.ts';
import type { Platform } from '../platform/index.ts';
import { currentPlatform, displayPath } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import { problemOf } from '../file-problem.ts';
import { NeverEntered } from '../scan/never-entered.ts';
import { FolderScanner } from '../scan/scan-folder.ts';
import { keepHeapSmall, keepHeapSmallOnce } from '../small-heap.ts';
import { BackupCounts } from './backup-counts.ts';
import type { BackupOptions, BackupResult } from './backup-types.ts';
import { type BatchSealer, FileBatches, type MoreSealers } from './file-batches.ts';
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
 * the next run uses them. What can't be read is recorded and the rest goes on; so is a far mount (Linux) that does not answer. Throws `no_folders`,
 * `folder_not_found` (all of them are missing), `not_answering` (all that are there hang), `disk_full`, `interrupted`.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { signal, silentMs } = options;
  const platform = options.platform ?? currentPlatform();
  const clock = options.clock ?? systemClock;
  const startedAtMs = clock.nowMs();
  const counts = new BackupCounts();
  throwIfInterrupted(signal);
  // Another platform than the system's own has no far mounts: the process that reads them would not know it.
  const far =
    options.far ?? new FarReaders({ signal, ...(options.platform && { mounts: [] }), ...(silentMs !== undefined && { silentMs }) });
  try {
    const roots = await findRoots({ ...options, far }, platform, counts);
    return await captureAlone({ ...options, far }, { platform, clock, startedAtMs, counts, roots, far });
  } finally {
    if (!options.far) far.close();
  }
}

async function captureAlone(options: BackupOptions, prepared: Prepared): Promise<BackupResult> {
  const { vault } = options;
  keepHeapSmall();
  // From here to the end nothing that is known may be retired: the snapshot in the making counts on it.
  const leave = await vault.sessions.enter();
  try {
    const leaveStaging = await enterStaging(vault.options.store.staging);
    try {
      return await capture(options, prepared);
    } finally {
      await leaveStaging();
    }
  } finally {
    leave();
  }
}

/** A folder or file that was asked for and is there. */
interface Root extends LookedAt {
  readonly path: Buffer;
}

interface Prepared {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly counts: BackupCounts;
  readonly roots: readonly Root[];
  readonly far: FarReaders;
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
  const sealers = new Set<OpenPacks>();
  const added = <S extends OpenPacks>(sealer: S): S => {
    sealers.add(sealer);
    return sealer;
  };
  const newSealing = () => ({ vault: sealerVault, primitives, random, ports: session.ports, sealedBytes: newCell() });
  let own: FileSealer | undefined = added(new FileSealer({ ...newSealing(), platform }));
  let farSealer: FarSealer | undefined;
  const farFiles = new FarFiles((path, reader) => (farSealer ??= added(new FarSealer(newSealing()))).seal(path, reader, signal));
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
      return started;
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
  const first: BatchSealer = { seal: (jobs) => own!.seal(jobs, signal), sealPart: (job) => own!.sealPart(job, signal) };
  const batches = new FileBatches(first, workers === 0 ? undefined : threads);

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
    farFiles,
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
    for (const { path, facts, far } of roots) {
      const walk = new TreeBackup(context, new FolderScanner(platform, scanOptions(options), facts.device), files);
      const entry: TreeEntry | undefined = await walk.run(path, facts, parents.entries.get(path.toString('latin1')), far);
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
    await Promise.all([batches.settle(), farFiles.settle()]);
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

/** As much of a sealer as the end of a run asks for. */
type OpenPacks = Pick<Sealer, 'flush' | 'close'>;

/** How many sealing threads this run may start. */
function workerCount({ vault, platform, workers, memoryBytes = Number.POSITIVE_INFINITY }: BackupOptions): number {
  const ownAdapters = platform === undefined && vault.options.files === nodeFiles;
  const wanted = workers ?? (ownAdapters ? Math.min(backupLimits.workers, availableParallelism()) : 0);
  const { mainMemoryBytes, workerMemoryBytes } = backupLimits;
  return Math.max(0, Math.min(wanted, Math.floor((memoryBytes - mainMemoryBytes) / workerMemoryBytes)));
}

/** All at once: each has packs to end and to write. Waits for all of them, whatever happens, and throws the first thing that did. */
async function flushAll(sealers: Iterable<OpenPacks>): Promise<void> {
  const done = await Promise.allSettled(Array.from(sealers, (sealer) => sealer.flush()));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

async function keepWhatIsSealed(sealers: Iterable<OpenPacks>, session: BackupSession): Promise<void> {
  try {
    await flushAll(sealers);
    await session.finish();
  } catch {
    // The store does not take it: the next run reads these files again.
  }
}

/** What is really there of what was asked for. A folder inside another one asked for is not taken twice. */
async function findRoots(options: BackupOptions & { readonly far: FarReaders }, platform: Platform, counts: BackupCounts): Promise<Root[]> {
  if (options.folders.length === 0 && options.piped) return [];
  if (options.folders.length === 0)
    throw new EngineError('no_folders', 'there is nothing to back up', { nextStep: 'Name at least one folder.' });
  const { far, signal } = options;
  const roots = new Map<string, Root>();
  let silent: EngineError | undefined;
  const missing: string[] = [];
  const ours = new NeverEntered(platform, neverEntered(options));
  for (const folder of options.folders) {
    const path = platform.absolute(folder);
    const mount = far.mountOn(path);
    const ownData = { path: displayPath(path), code: 'bad_argument', message: "is Holdfast's own data, which is never backed up" };
    if (mount ? isServedAt(mount.point, path.toString()) : isServedHere(path.toString()) || ours.covers(path)) {
      counts.problem(ownData);
      continue;
    }
    try {
      const looked = await far.look(path, platform);
      // Without its real path (a link, a file) it is what it is called: to follow it is not for this process.
      if (looked.far && ours.covers(path, looked.realPath ?? path)) counts.problem(ownData);
      else roots.set(path.toString('latin1'), { path, ...looked });
    } catch (error) {
      throwIfInterrupted(signal);
      if (!isAppError(error)) throw error;
      counts.partial = true;
      if (isAppError(error, 'not_answering')) silent ??= error as EngineError;
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
    if (silent) throw silent;
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
