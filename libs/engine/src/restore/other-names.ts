import type { ConflictRule } from '#libs/contracts';
import { isAppError } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type Platform } from '../platform/index.ts';
import { decide, type FreeNames, keptBoth } from './conflict.ts';
import type { FileTarget } from './file-target.ts';
import type { FolderTarget, FolderTargets } from './folder-targets.ts';
import type { RestoreCounts } from './restore-counts.ts';
import { restoreLink } from './special-files.ts';

/** Another name of a file that is restored under its first one. */
interface OtherName {
  readonly folder: FolderTarget;
  readonly wanted: Buffer;
  readonly entry: TreeEntry;
  readonly first: FileTarget;
}

interface NameOptions {
  readonly platform: Platform;
  readonly counts: RestoreCounts;
  readonly folders: FolderTargets;
  readonly rule: ConflictRule;
  readonly free: FreeNames;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Files that have several names (hard links): the content comes under the first, the others are made when all content is there. */
export class OtherNames {
  readonly #options: NameOptions;
  readonly #firsts = new Map<string, FileTarget>();
  readonly #later: OtherName[] = [];

  constructor(options: NameOptions) {
    this.#options = options;
  }

  /** The name that the file of this entry is restored under already. */
  firstOf(entry: TreeEntry): FileTarget | undefined {
    return isLinked(entry) ? this.#firsts.get(linkKey(entry)) : undefined;
  }

  /** `target` is the first name of its file; nothing to remember when it has one only. */
  isFirst(target: FileTarget): void {
    if (isLinked(target.entry)) this.#firsts.set(linkKey(target.entry), target);
  }

  /** To be made by {@link make}. */
  add(name: OtherName): void {
    this.#later.push(name);
  }

  /** Makes all of them. Throws only what ends the restore (`disk_full`, `interrupted`). */
  async make(): Promise<void> {
    for (const name of this.#later) await this.#make(name);
  }

  async #make({ folder, wanted, entry, first }: OtherName): Promise<void> {
    const { platform, counts, rule, free, dryRun, signal } = this.#options;
    if (dryRun) {
      counts.files += 1;
      return;
    }
    try {
      if (!first.done)
        throw new EngineError('file_not_found', `${displayPath(wanted)}: is another name of a file that could not be restored`);
      const existing = folder.fresh ? undefined : platform.factsIfAny(wanted);
      const facts = existing && platform.facts(first.path);
      if (existing && facts && existing.inode === facts.inode && existing.device === facts.device) {
        counts.filesUnchanged += 1;
        return;
      }
      const decision = decide(platform, rule, wanted, entry, existing, free);
      if (decision.do !== 'place') {
        counts.filesSkipped += 1;
        return;
      }
      await restoreLink(this.#options, folder, { first: first.path, path: decision.path, entry }, signal);
      if (decision.renamed) counts.note(decision.path, 'kept_both', keptBoth(wanted));
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full' || error.code === 'interrupted') throw error;
      counts.fail(wanted, error);
    }
  }
}

const isLinked = (entry: TreeEntry): boolean => (entry.links ?? 1) > 1 && entry.inode !== undefined;
const linkKey = (entry: TreeEntry): string => `${entry.device}:${entry.inode}`;
