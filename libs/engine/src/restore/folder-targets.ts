import type { ConflictRule } from '#libs/contracts';
import { isAppError } from '#libs/kernel';
import type { TreeEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type Platform } from '../platform/index.ts';
import { applyMetadata } from './apply-metadata.ts';
import { decide, type FreeNames, keptBoth } from './conflict.ts';
import { TargetNames } from './target-names.ts';
import type { RestoreCounts } from './restore-counts.ts';

/** A folder that things are restored into, and which one it was when we made or checked it. */
interface FolderTarget {
  readonly path: Buffer;
  readonly device: bigint;
  readonly inode: bigint;
  /** Made by this restore: nothing of anybody else is in it. */
  readonly fresh: boolean;
  /** Hands attributes on to what is made in it: it has a default ACL. */
  readonly inherits: boolean;
  /** Made by a restore that did not come to its end. */
  readonly unfinished?: boolean;
}

/** On a folder that a restore made, until all in it is durable and it gets its real mode and times: after a crash the next run knows it by this. */
const restoringMark = Buffer.from('user.holdfast.restoring');

interface Made {
  readonly path: Buffer;
  readonly entry: TreeEntry;
  readonly apply: boolean;
  /** Carries {@link restoringMark}. */
  readonly marked: boolean;
}

/**
 * The folders of a restore. Nothing is ever written through a link that we did not make: each folder is made by us or was seen to be a real
 * folder, and is looked at again before something is put into it.
 */
export class FolderTargets {
  readonly #platform: Platform;
  readonly #counts: RestoreCounts;
  readonly #rule: ConflictRule;
  readonly #free: FreeNames;
  readonly #dryRun: boolean;
  /** By path inside the snapshot; undefined: could not be made, so what is below it is left out. */
  readonly #targets = new Map<string, FolderTarget | undefined>();
  readonly #made: Made[] = [];
  readonly #names: TargetNames;
  /** By path: walks that begin in the same folder share what is known of its names. */
  readonly #bases = new Map<string, FolderTarget>();

  constructor(options: { platform: Platform; counts: RestoreCounts; rule: ConflictRule; free: FreeNames; dryRun: boolean }) {
    this.#platform = options.platform;
    this.#counts = options.counts;
    this.#rule = options.rule;
    this.#free = options.free;
    this.#dryRun = options.dryRun;
    this.#names = new TargetNames({ platform: options.platform, notes: options.counts, dryRun: options.dryRun });
  }

  /**
   * The folder that stands above a restored root: `trusted` was chosen by a person (links followed), `below` comes from the snapshot
   * (made as needed, links refused).
   */
  async base(trusted: Buffer, below: readonly Buffer[]): Promise<FolderTarget> {
    if (this.#dryRun)
      return this.#shared({
        path: [trusted, ...below].reduce((a, b) => this.#platform.join(a, b)),
        device: 0n,
        inode: 0n,
        fresh: false,
        inherits: false,
      });
    let target = this.#shared(this.#look(this.#makeTrusted(trusted)));
    for (const name of below) {
      await this.prepare(target, name);
      const path = this.pathIn(target, name);
      if (!this.#platform.factsIfAny(path)) this.#platform.makeFolder(path, 0o755);
      target = this.#shared(this.#look(path));
    }
    return target;
  }

  /** To be awaited before {@link pathIn} or {@link enter} of the same name, unless undefined. Throws file codes. */
  prepare(folder: FolderTarget, name: Uint8Array): Promise<void> | undefined {
    return this.#names.prepare(folder, name);
  }

  /** Where a name of the snapshot goes, given the target of its folder. Throws `unsafe_name`. */
  pathIn(folder: FolderTarget, name: Uint8Array): Buffer {
    return this.#platform.join(folder.path, this.#names.nameIn(folder, name));
  }

  /** Makes a folder of the snapshot, or finds it. */
  enter(key: string, parent: FolderTarget | undefined, name: Uint8Array, entry: TreeEntry): void {
    if (!parent) {
      this.#targets.set(key, undefined);
      return;
    }
    let path: Buffer = parent.path;
    try {
      path = this.pathIn(parent, name);
      this.#targets.set(key, this.#place(path, parent, entry));
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      this.#counts.fail(path, error);
      this.#targets.set(key, undefined);
    }
  }

  /** The top of the file system was backed up: the base itself stands for it. */
  adopt(key: string, target: FolderTarget): void {
    this.#targets.set(key, target);
  }

  /** The target of a folder that was entered; undefined when it could not be made or is left out. */
  get(key: string): FolderTarget | undefined {
    return this.#targets.get(key);
  }

  /** Throws `symlink_in_path` when the folder is not the one that it was. */
  assertSame(folder: FolderTarget): void {
    if (this.#dryRun) return;
    const facts = this.#platform.facts(folder.path);
    if (facts.kind !== 'directory' || facts.inode !== folder.inode || facts.device !== folder.device) {
      throw new EngineError('symlink_in_path', `${displayPath(folder.path)}: was exchanged during the restore`);
    }
  }

  /** All folders that were made or found. */
  *made(): Generator<Buffer> {
    for (const { path } of this.#made) yield path;
  }

  /** Modes and times of all folders, deepest first, after everything in them is there. Returns those that got any. */
  applyMetadata(): Buffer[] {
    const changed: Buffer[] = [];
    for (const { path, entry, apply, marked } of this.#made.toReversed()) {
      if (!apply) continue;
      changed.push(path);
      try {
        if (marked) this.#platform.removeExtendedAttribute(path, restoringMark);
        applyMetadata(this.#platform, path, entry, this.#counts);
      } catch (error) {
        if (!isAppError(error)) throw error;
        this.#counts.fail(path, error);
      }
    }
    return changed;
  }

  #place(path: Buffer, parent: FolderTarget, entry: TreeEntry): FolderTarget | undefined {
    const existing = parent.fresh ? undefined : this.#platform.factsIfAny(path);
    const decision = decide(this.#platform, this.#rule, path, entry, existing, this.#free);
    if (decision.do === 'skip') {
      this.#counts.note(path, 'skipped', 'something else is there already');
      return undefined;
    }
    const merged = decision.do === 'merge';
    const at = merged ? path : decision.path;
    this.#counts.directories += 1;
    if (this.#dryRun) return { path: at, device: 0n, inode: 0n, fresh: !merged, inherits: false };
    if (!merged) {
      this.assertSame(parent);
      // Ours alone until its real mode is set at the end: the tree is not open to others half restored, and we may write into it.
      this.#platform.makeFolder(at, 0o700);
      this.#platform.setExtendedAttribute(at, { name: restoringMark, value: Buffer.from('1') });
      if (decision.renamed) this.#counts.note(at, 'kept_both', keptBoth(path));
    }
    const target = this.#look(at, !merged);
    if (!merged) this.#names.made(target, parent);
    const marked = target.unfinished === true;
    this.#made.push({ path: at, entry, apply: !merged || marked || this.#rule === 'overwrite', marked });
    return target;
  }

  #shared(target: FolderTarget): FolderTarget {
    const key = target.path.toString('latin1');
    const known = this.#bases.get(key);
    if (known) return known;
    this.#bases.set(key, target);
    return target;
  }

  #look(path: Buffer, fresh = false): FolderTarget {
    const { kind, device, inode } = this.#platform.facts(path);
    if (kind === 'symlink')
      throw new EngineError('symlink_in_path', `${displayPath(path)}: is a symbolic link, and nothing is written through one`);
    if (kind !== 'directory') throw new EngineError('not_a_folder', `${displayPath(path)}: is no folder`);
    const attributes = this.#platform.extendedAttributes(path);
    const inherits = attributes.some(({ name }) => name.toString('latin1') === 'system.posix_acl_default');
    const unfinished = attributes.some(({ name }) => name.equals(restoringMark));
    return { path, device, inode, fresh, inherits, unfinished };
  }

  #makeTrusted(path: Buffer): Buffer {
    try {
      return this.#platform.realPath(path);
    } catch (error) {
      if (!isAppError(error, 'file_not_found')) throw error;
    }
    const parts = this.#platform.split(path);
    const name = parts.at(-1);
    if (name === undefined) throw new EngineError('destination_invalid', `${displayPath(path)}: can not be made`);
    const made = this.#platform.join(this.#makeTrusted(this.#platform.fromParts(parts.slice(0, -1))), name);
    this.#platform.makeFolder(made, 0o755);
    return made;
  }
}

export type { FolderTarget };
