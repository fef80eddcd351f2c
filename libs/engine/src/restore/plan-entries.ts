import { isAppError } from '#libs/kernel';
import { contentLength, contentLost, type Snapshot, type TreeEntry, type WalkedEntry } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import { displayPath, type FileFacts, type Platform } from '../platform/index.ts';
import { readOptions } from './chosen-walks.ts';
import { decide, type FreeNames, keptBoth } from './conflict.ts';
import type { Durability } from './durability.ts';
import type { FileTarget, TargetChunk } from './file-target.ts';
import { folderKey, Parents } from './folder-keys.ts';
import type { FolderTarget, FolderTargets } from './folder-targets.ts';
import type { OtherNames } from './other-names.ts';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreFiles } from './restore-files.ts';
import type { Placed } from './restore-report.ts';
import type { RestoreOptions } from './restore-types.ts';
import type { RestoreWindows } from './restore-windows.ts';
import { isSameSpecial, restoreSpecial, updateMetadata } from './special-files.ts';

interface PlanOptions {
  readonly chosen: Pick<RestoreOptions, 'reader' | 'conflict' | 'to' | 'signal'>;
  readonly platform: Platform;
  readonly counts: RestoreCounts;
  readonly folders: FolderTargets;
  readonly files: RestoreFiles;
  readonly otherNames: OtherNames;
  readonly windows: RestoreWindows;
  readonly durability: Durability;
  readonly free: FreeNames;
  readonly dryRun: boolean;
  /** A file was planned. */
  readonly planned: () => void;
}

/**
 * Decides for each entry of a snapshot where it goes and what is to be done there. Folders, links, fifos and devices are made on the way; files go into
 * {@link RestoreWindows}, further names of a file into {@link OtherNames}.
 */
export class EntryPlanner {
  readonly #options: PlanOptions;
  readonly #placed: Placed[] = [];

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  /** Where the first entry of each walk goes. */
  get placed(): readonly Placed[] {
    return this.#placed;
  }

  /**
   * Plans everything that a walk yields; a full window is fetched while the next is planned. What can't be restored is counted as an error. Throws what ends
   * the restore: `destination_invalid`, `disk_full`, `interrupted`.
   */
  async plan(snapshot: Snapshot, walk: AsyncIterable<WalkedEntry>): Promise<void> {
    const { chosen, folders, windows } = this.#options;
    let base: FolderTarget | undefined;
    let first = true;
    const parents = new Parents(folders);
    for await (const walked of walk) {
      throwIfInterrupted(chosen.signal);
      const start = first || walked.path.length <= walked.rootDepth;
      if (start) base = await this.#baseOf(walked);
      first = false;
      const parent = start ? base : parents.of(walked.path);
      if (!parent) continue;
      await this.#planEntry(snapshot, walked, parent, start);
      await windows.room();
    }
  }

  /** The folder that the first entry of a walk goes into. */
  async #baseOf({ path }: WalkedEntry): Promise<FolderTarget | undefined> {
    const { platform, folders, durability, dryRun } = this.#options;
    const above = path.slice(0, -1).map((name) => Buffer.from(name));
    const { to } = this.#options.chosen;
    try {
      for (const name of to === undefined ? above : []) {
        const problem = platform.nameProblem(name);
        if (problem) throw new EngineError('unsafe_name', `${displayPath(name)}: the name ${problem}`);
      }
      const base = to === undefined ? await folders.base(platform.fromParts(above), []) : await folders.base(platform.absolute(to), above);
      if (!dryRun) {
        durability.addFolder(base.path, base.device);
        durability.wrote(base.path);
      }
      return base;
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      throw new EngineError('destination_invalid', `the destination can not be used: ${error.message}`, {
        cause: error,
        nextStep: 'Choose another folder to restore to.',
      });
    }
  }

  async #planEntry(snapshot: Snapshot, { path, entry }: WalkedEntry, parent: FolderTarget, start: boolean): Promise<void> {
    const { platform, counts, folders } = this.#options;
    const name = path.at(-1) ?? new Uint8Array();
    const placed = (to: () => Buffer | undefined): void => {
      if (!start) return;
      const from = displayPath(platform.fromParts(path.map((part) => Buffer.from(part))));
      this.#placed.push({ from, to: () => displayed(to()) });
    };
    if (path.length === 0) {
      placed(() => parent.path);
      folders.adopt('', parent);
      return;
    }
    try {
      const unknown = folders.prepare(parent, name);
      if (unknown) await unknown;
    } catch (error) {
      if (!isAppError(error)) throw error;
      counts.fail(parent.path, error);
      return;
    }
    if (entry.type === 'directory') {
      const target = this.#enterFolder(path, parent, name, entry);
      placed(() => target?.path);
      return;
    }
    let wanted: Buffer = parent.path;
    try {
      wanted = folders.pathIn(parent, name);
      const existing = parent.fresh ? undefined : platform.factsIfAny(wanted);
      if (entry.type === 'file') {
        const target = await this.#planFile({ path, snapshot }, parent, wanted, entry, existing);
        if (target) placed(() => (target.failed ? undefined : target.path));
      } else {
        const at = this.#makeSpecial(parent, wanted, entry, existing);
        placed(() => at);
      }
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      counts.fail(wanted, error);
    }
  }

  #enterFolder(path: readonly Uint8Array[], parent: FolderTarget, name: Uint8Array, entry: TreeEntry): FolderTarget | undefined {
    const { counts, folders, durability, dryRun } = this.#options;
    folders.enter(folderKey(path), parent, name, entry);
    const target = folders.get(folderKey(path));
    if (target && !dryRun) durability.addFolder(target.path, target.device);
    if (target && entry.error !== undefined)
      counts.note(target.path, 'not_captured', `could not be read when the snapshot was made (${entry.error})`);
    return target;
  }

  async #planFile(
    { path, snapshot }: { readonly path: readonly Uint8Array[]; readonly snapshot: Snapshot },
    folder: FolderTarget,
    wanted: Buffer,
    entry: TreeEntry,
    existing: FileFacts | undefined,
  ): Promise<FileTarget | undefined> {
    const { chosen, platform, counts, files, otherNames, windows, free, planned } = this.#options;
    const first = otherNames.firstOf(entry);
    counts.filesTotal += 1;
    if (first) {
      otherNames.add({ folder, wanted, entry, first });
      return first;
    }
    const decision = decide(platform, chosen.conflict, wanted, entry, existing, free);
    if (decision.do !== 'place') {
      counts.filesSkipped += 1;
      return undefined;
    }
    let missing: readonly TargetChunk[];
    try {
      missing = await chosen.reader.allChunksOf(entry, readOptions(chosen.signal));
    } catch (error) {
      throw snapshot.lost && isAppError(error, 'chunk_not_found') ? contentLost(snapshot, path) : error;
    }
    // Not always the snapshot's own: see {@link TargetNames}.
    const name = platform.split(wanted).at(-1)!;
    const target = files.plan(folder, name, {
      path: decision.path,
      name: decision.renamed ? platform.split(decision.path).at(-1)! : name,
      entry,
      base: existing?.kind === 'file' ? wanted : undefined,
      wanted: decision.renamed ? wanted : undefined,
      replaces: existing !== undefined && !decision.renamed,
      whenSame: chosen.conflict === 'overwrite' ? 'metadata' : 'leave',
      missing,
    });
    otherNames.isFirst(target);
    counts.bytesTotal += contentLength(entry);
    windows.add(target, existing);
    planned();
    return target;
  }

  /** Where it is now; undefined when it was left out. */
  #makeSpecial(folder: FolderTarget, wanted: Buffer, entry: TreeEntry, existing: FileFacts | undefined): Buffer | undefined {
    const { chosen, platform, counts, free, dryRun } = this.#options;
    if (existing && entry.error === undefined && isSameSpecial(platform, wanted, entry, existing)) {
      counts.filesUnchanged += 1;
      if (chosen.conflict === 'overwrite' && !dryRun) updateMetadata({ platform, counts }, wanted, entry);
      return wanted;
    }
    const decision = decide(platform, chosen.conflict, wanted, entry, existing, free);
    if (decision.do !== 'place') {
      counts.filesSkipped += 1;
      return undefined;
    }
    if (dryRun) counts.others += 1;
    else restoreSpecial(this.#options, folder, decision.path, entry);
    if (decision.renamed) counts.note(decision.path, 'kept_both', keptBoth(wanted));
    return decision.path;
  }
}

const displayed = (path: Buffer | undefined): string | undefined => path && displayPath(path);
