import { isAppError } from '#libs/kernel';
import { isEntryServedHere } from '#libs/kernel/served-here';
import type { FileProblem } from '../errors.ts';
import type { FileFacts, Platform } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import { NeverEntered } from './never-entered.ts';
import { Turns } from '../turns.ts';
import { ExcludeRules, matchableName } from './exclude-rules.ts';
import { problemOf } from './file-problem.ts';

export interface ScanOptions {
  /** Gitignore lines, relative to each backed-up folder. */
  readonly excludes?: readonly string[];
  /** Also leave out what the platform names (caches, trash). Default true. */
  readonly defaultExcludes?: boolean;
  /** Read `.holdfastignore` files. Default true. */
  readonly ignoreFiles?: boolean;
  /** Leave out the content of folders that a CACHEDIR.TAG marks as a cache. Default true. */
  readonly cacheFolders?: boolean;
  /** Stay on the file system of the backed-up folder. Default false. */
  readonly oneFileSystem?: boolean;
  /** Leave out files larger than this. */
  readonly maxFileBytes?: number;
  /** Folders (absolute) that are never entered: our own data. */
  readonly neverEnter?: readonly Buffer[];
}

/** One name that is to be backed up. */
export interface ScannedEntry {
  readonly name: Buffer;
  readonly facts: FileFacts;
}

export interface ScannedFolder {
  /** In ascending order of name bytes. */
  readonly entries: readonly ScannedEntry[];
  /** Rules for what lies below. */
  readonly rules: ExcludeRules;
  /** What could not be looked at; the others are there. */
  readonly problems: readonly FileProblem[];
  /** Left out with reason, not an error: sockets, other file systems, too large. */
  readonly notes: readonly FileProblem[];
  readonly excluded: number;
  /** False: the folder itself could not be read. */
  readonly readable: boolean;
}

export const ignoreFileName = '.holdfastignore';
const cacheTagName = 'CACHEDIR.TAG';
const cacheSignature = 'Signature: 8a477f597d28d172789f06886806bc55';
/** An ignore file longer than this is a mistake; so is a rule list that takes minutes to match. */
const ignoreFileBytes = 256 * 1024;
/** Looks at names for at most this long before others get a turn. */
const turnMs = 8;

/** Everything of one backed-up folder's scan that stays the same on the way down. */
export class FolderScanner {
  readonly #platform: Platform;
  readonly #options: ScanOptions;
  readonly #device: bigint | undefined;
  readonly #neverEnter: NeverEntered;

  /** `device`: of the backed-up folder, to stay on it. */
  constructor(platform: Platform, options: ScanOptions, device: bigint) {
    this.#platform = platform;
    this.#options = options;
    this.#device = options.oneFileSystem ? device : undefined;
    this.#neverEnter = new NeverEntered(platform, options.neverEnter ?? []);
  }

  startRules(): ExcludeRules {
    const defaults = this.#options.defaultExcludes === false ? [] : this.#platform.defaultExcludes;
    return new ExcludeRules([...defaults, ...(this.#options.excludes ?? [])]);
  }

  /**
   * Reads one folder. Never throws for what the file system does: that ends up in `problems`.
   * `below`: the folder's path below the backed-up one, as {@link matchableName}s joined by `/`. Memory: this folder's entries.
   */
  async scan(folder: Buffer, below: string, outerRules: ExcludeRules): Promise<ScannedFolder> {
    const problems: FileProblem[] = [];
    const notes: FileProblem[] = [];
    let names: Buffer[];
    try {
      names = await this.#platform.names(folder);
    } catch (error) {
      problems.push(problemOf(folder, error));
      return { entries: [], rules: outerRules, problems, notes, excluded: 0, readable: false };
    }
    names.sort((a, b) => Buffer.compare(a, b));
    const cache =
      this.#options.cacheFolders !== false && names.some((name) => name.toString('latin1') === cacheTagName) && this.#isCache(folder);
    if (cache) {
      notes.push({ path: displayPath(folder), code: 'cache_folder', message: 'left out: CACHEDIR.TAG marks it as a cache' });
      names = names.filter((name) => name.toString('latin1') === cacheTagName);
    }
    const rules = this.#rulesInside(folder, below, names, outerRules, problems);

    const entries: ScannedEntry[] = [];
    let excluded = 0;
    const turns = new Turns(turnMs);
    for (const name of names) {
      await turns.maybeYield();
      const path = this.#platform.join(folder, name);
      // Nobody would be there to say what it is.
      if (isEntryServedHere(folder, name)) {
        excluded += 1;
        continue;
      }
      let facts: FileFacts;
      try {
        facts = this.#platform.facts(path);
      } catch (error) {
        if (isAppError(error, 'file_not_found'))
          notes.push({ path: displayPath(path), code: 'vanished', message: 'was removed during the backup' });
        else problems.push(problemOf(path, error));
        continue;
      }
      const isFolder = facts.kind === 'directory';
      if (
        (!rules.isEmpty && rules.excludes(below === '' ? matchableName(name) : `${below}/${matchableName(name)}`, isFolder)) ||
        (isFolder && this.#neverEnter.has(path, facts))
      ) {
        excluded += 1;
        continue;
      }
      const note = this.#leftOut(facts);
      if (note) notes.push({ path: displayPath(path), ...note });
      else entries.push({ name, facts });
    }
    return { entries, rules, problems, notes, excluded, readable: true };
  }

  #leftOut(facts: FileFacts): { code: string; message: string } | undefined {
    if (facts.kind === 'socket') return { code: 'socket', message: 'sockets hold nothing to back up' };
    if (facts.kind === 'unknown') return { code: 'unknown_kind', message: 'is of a kind that is not known here' };
    if (this.#device !== undefined && facts.kind === 'directory' && facts.device !== this.#device) {
      return { code: 'other_file_system', message: 'is on another file system' };
    }
    const limit = this.#options.maxFileBytes;
    if (limit !== undefined && facts.kind === 'file' && facts.sizeBytes > limit)
      return { code: 'too_large', message: `is larger than ${limit} bytes` };
    return undefined;
  }

  #rulesInside(folder: Buffer, below: string, names: readonly Buffer[], outer: ExcludeRules, problems: FileProblem[]): ExcludeRules {
    if (this.#options.ignoreFiles === false) return outer;
    const name = names.find((n) => n.toString('latin1') === ignoreFileName);
    if (!name) return outer;
    const path = this.#platform.join(folder, name);
    try {
      return outer.inside(below, this.#readStart(path, ignoreFileBytes).toString('utf8').split(/\r?\n/));
    } catch (error) {
      problems.push(problemOf(path, error));
      return outer;
    }
  }

  #isCache(folder: Buffer): boolean {
    try {
      return (
        this.#readStart(this.#platform.join(folder, Buffer.from(cacheTagName)), cacheSignature.length).toString('latin1') === cacheSignature
      );
    } catch {
      return false;
    }
  }

  #readStart(path: Buffer, maxBytes: number): Buffer {
    const file = this.#platform.openToRead(path);
    try {
      const { kind, sizeBytes } = file.facts();
      if (kind !== 'file') return Buffer.alloc(0);
      const into = Buffer.alloc(Math.min(sizeBytes, maxBytes));
      return into.subarray(0, file.read(into, 0));
    } finally {
      file.close();
    }
  }
}
