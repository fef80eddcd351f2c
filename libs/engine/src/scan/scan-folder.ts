import { isAppError } from '#libs/kernel';
import { isEntryServedHere } from '#libs/kernel/served-here';
import type { ReadAttributes } from '../backup/read-attributes.ts';
import type { FileProblem } from '../errors.ts';
import type { FarReader } from '../far/far-reader.ts';
import type { FarReaders } from '../far/far-readers.ts';
import type { FileFacts, Platform } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import { scanLimits } from './limits.ts';
import { inOrder, type Level, type Listing, LookAhead, type Looked, type ScanClock } from './look-ahead.ts';
import { NeverEntered } from './never-entered.ts';
import { readStart } from './read-start.ts';
import { Turns } from '../turns.ts';
import { ExcludeRules, matchableName } from './exclude-rules.ts';
import { problemOf } from '../file-problem.ts';

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
  /** Readers of what may never answer. Absent: everything is looked at here. */
  readonly far?: FarReaders;
}

/** One name that is to be backed up. */
export interface ScannedEntry {
  readonly name: Buffer;
  readonly facts: FileFacts;
  /** A far mount begins here. */
  readonly far?: FarReader;
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
  /** A file system that is mounted in it could not be looked at, and is missing as a whole. */
  readonly missesMount?: boolean;
  /** The folder's own, once all that is in it was looked at; undefined where somebody else looked. Whoever came by the list of the folder above may have waited there for hours. */
  readonly facts?: FileFacts;
  /** The folder's own, where they were read by somebody else: whoever looks for them later may wait for ever. */
  readonly attributes?: ReadAttributes;
}

const ignoreFileName = Buffer.from('.holdfastignore');
const cacheTagName = Buffer.from('CACHEDIR.TAG');
const cacheSignature = 'Signature: 8a477f597d28d172789f06886806bc55';
/** An ignore file longer than this is a mistake; so is a rule list that takes minutes to match. */
const ignoreFileBytes = 256 * 1024;
const otherFileSystem = { code: 'other_file_system', message: 'is on another file system' } as const;
/** Of all names in a folder hardly any is as long. */
const isNamed = (name: Buffer, wanted: Buffer): boolean => name.length === wanted.length && name.equals(wanted);

async function farListing(far: FarReader, folder: Buffer): Promise<Listing> {
  return { names: inOrder(await far.names(folder)) };
}

/** Everything of one backed-up folder's scan that stays the same on the way down. */
export class FolderScanner {
  readonly #platform: Platform;
  readonly #options: ScanOptions;
  readonly #device: bigint | undefined;
  readonly #neverEnter: NeverEntered;
  readonly #lookAhead: LookAhead;
  /** Of all folders together: most are done before one is over. */
  readonly #turns = new Turns(scanLimits.turnMs);

  /** `device`: of the backed-up folder, to stay on it.*/
  constructor(platform: Platform, options: ScanOptions, device: bigint, clock?: ScanClock) {
    this.#platform = platform;
    this.#options = options;
    this.#device = options.oneFileSystem ? device : undefined;
    this.#neverEnter = new NeverEntered(platform, options.neverEnter ?? []);
    this.#lookAhead = new LookAhead(platform, (folder, name) => this.#isSpared(folder, name), clock);
  }

  /**
   * The walk goes through what {@link scan} found in a folder, in order, and scans each folder among it when it is there: the next ones may then be looked at before.
   * Nothing far. Say how far it is, and {@link leave} the level.
   */
  enter(folder: Buffer, { entries }: ScannedFolder): Level {
    return this.#lookAhead.enter(folder, entries);
  }

  leave(level: Level): void {
    this.#lookAhead.leave(level);
  }

  startRules(): ExcludeRules {
    const defaults = this.#options.defaultExcludes === false ? [] : this.#platform.defaultExcludes;
    return new ExcludeRules([...defaults, ...(this.#options.excludes ?? [])]);
  }

  /**
   * Reads one folder. Never throws for what the file system does: that ends up in `problems`.
   * `below`: the folder's path below the backed-up one, as {@link matchableName}s joined by `/`. `by`: who has to look at it, and what it takes, where that is known. Memory: this folder's entries.
   */
  async scan(
    folder: Buffer,
    below: string,
    outerRules: ExcludeRules,
    by: { far?: FarReader | undefined; sizeBytes?: number } = {},
  ): Promise<ScannedFolder> {
    const { far, sizeBytes = 0 } = by;
    try {
      return await this.#scan(folder, below, outerRules, { far, sizeBytes });
    } catch (error) {
      // Silent from some name on: half a folder would look like a whole one.
      if (!far || !isAppError(error) || isAppError(error, 'interrupted')) throw error;
      return { entries: [], rules: outerRules, problems: [problemOf(folder, error)], notes: [], excluded: 0, readable: false };
    }
  }

  async #scan(
    folder: Buffer,
    below: string,
    outerRules: ExcludeRules,
    by: { far: FarReader | undefined; sizeBytes: number },
  ): Promise<ScannedFolder> {
    const { far } = by;
    const problems: FileProblem[] = [];
    const notes: FileProblem[] = [];
    let names: Buffer[];
    let looked: readonly Looked[] | undefined;
    try {
      const listing = far ? farListing(far, folder) : this.#lookAhead.list(folder, by.sizeBytes);
      ({ names, facts: looked } = listing instanceof Promise ? await listing : listing);
    } catch (error) {
      if (isAppError(error, 'interrupted')) throw error;
      problems.push(problemOf(folder, error));
      return { entries: [], rules: outerRules, problems, notes, excluded: 0, readable: false };
    }
    const cache =
      this.#options.cacheFolders !== false && names.some((name) => isNamed(name, cacheTagName)) && (await this.#isCache(folder, far));
    if (cache) {
      notes.push({ path: displayPath(folder), code: 'cache_folder', message: 'left out: CACHEDIR.TAG marks it as a cache' });
      const tag = names.findIndex((name) => isNamed(name, cacheTagName));
      names = [names[tag]!];
      looked &&= [looked[tag]];
    }
    const rules = await this.#rulesInside(folder, below, names, outerRules, { problems, far });
    const points = this.#options.far?.pointsIn(folder);
    if (far) looked = await this.#factsBy(far, folder, names);

    const excludes = (name: Buffer, isFolder: boolean): boolean =>
      !rules.isEmpty && rules.excludes(below === '' ? matchableName(name) : `${below}/${matchableName(name)}`, isFolder);
    const entries: ScannedEntry[] = [];
    let excluded = 0;
    let missesMount = false;
    let lookedFrom = 0;
    let lookedUntil = looked ? names.length : 0;
    for (let i = 0; i < names.length; i += 1) {
      const name = names[i]!;
      if (this.#turns.isOver) await this.#turns.maybeYield();
      if (i >= lookedUntil) {
        looked = this.#lookAhead.isSlow ? await this.#lookAhead.lookAtAll(folder, names.slice(i, i + scanLimits.looksInRow)) : undefined;
        lookedFrom = i;
        lookedUntil = i + scanLimits.looksInRow;
      }
      const path = this.#platform.join(folder, name);
      // Nobody would be there to say what it is.
      if (isEntryServedHere(folder, name)) {
        excluded += 1;
        continue;
      }
      const point = points?.get(name.toString('latin1'));
      if (point) {
        // Left out, it need not answer. Mounts on files are rare, and looked at.
        if (excludes(name, true)) {
          excluded += 1;
          continue;
        }
        if (this.#device !== undefined && point.device !== this.#device) {
          notes.push({ path: displayPath(path), ...otherFileSystem });
          continue;
        }
      }
      const reader = point && this.#options.far?.readerOf(point);
      let facts: FileFacts;
      try {
        const found = looked?.[i - lookedFrom];
        if (found instanceof Error) throw found;
        facts = found ?? (reader ? await reader.facts(path) : this.#lookAhead.look(path));
      } catch (error) {
        if (isAppError(error, 'interrupted')) throw error;
        if (isAppError(error, 'file_not_found'))
          notes.push({ path: displayPath(path), code: 'vanished', message: 'was removed during the backup' });
        else {
          problems.push(problemOf(path, error));
          // Not even root may look into another user's FUSE mount: such a one is left out for good, not missing.
          missesMount ||= point !== undefined && !isAppError(error, 'access_denied');
        }
        continue;
      }
      const isFolder = facts.kind === 'directory';
      if (excludes(name, isFolder) || (isFolder && this.#neverEnter.has(path, facts))) {
        excluded += 1;
        continue;
      }
      const note = this.#leftOut(facts);
      if (note) notes.push({ path: displayPath(path), ...note });
      else entries.push(reader ? { name, facts, far: reader } : { name, facts });
    }
    const found = { entries, rules, problems, notes, excluded, readable: true, missesMount };
    if (far) return { ...found, attributes: await far.attributes(folder) };
    const own = this.#ownFacts(folder);
    if (!('code' in own)) return { ...found, facts: own };
    return { entries: [], rules: outerRules, problems: [own, ...problems], notes, excluded, readable: false };
  }

  /**
   * Whether all that was asked for by the folder's path was in it: a link that took its place meanwhile leads elsewhere, and what is there was never to be backed up
   * under this name.
   */
  #ownFacts(folder: Buffer): FileFacts | FileProblem {
    try {
      // Not timed: it was just listed, so that the system has it in memory whatever the disk is like.
      const facts = this.#platform.facts(folder);
      if (facts.kind === 'directory') return facts;
      return { path: displayPath(folder), code: 'file_changed', message: 'is no folder any more: it was exchanged during the backup' };
    } catch (error) {
      if (isAppError(error, 'interrupted')) throw error;
      return problemOf(folder, error);
    }
  }

  /** Of all names but those where another mount begins, which may be silent for itself. */
  async #factsBy(far: FarReader, folder: Buffer, names: readonly Buffer[]): Promise<readonly Looked[]> {
    const own = names.filter((name) => !this.#isSpared(folder, name));
    const found = await far.factsOfAll(own.map((name) => this.#platform.join(folder, name)));
    const byName = new Map(own.map((name, i) => [name, found[i]!]));
    return names.map((name) => byName.get(name));
  }

  /** Where another mount begins, or what this process itself would have to answer: nobody looks at that before it has to be. */
  #isSpared(folder: Buffer, name: Buffer): boolean {
    return isEntryServedHere(folder, name) || this.#options.far?.pointsIn(folder)?.has(name.toString('latin1')) === true;
  }

  #leftOut(facts: FileFacts): { code: string; message: string } | undefined {
    if (facts.kind === 'socket') return { code: 'socket', message: 'sockets hold nothing to back up' };
    if (facts.kind === 'unknown') return { code: 'unknown_kind', message: 'is of a kind that is not known here' };
    if (this.#device !== undefined && facts.kind === 'directory' && facts.device !== this.#device) {
      return otherFileSystem;
    }
    const limit = this.#options.maxFileBytes;
    if (limit !== undefined && facts.kind === 'file' && facts.sizeBytes > limit)
      return { code: 'too_large', message: `is larger than ${limit} bytes` };
    return undefined;
  }

  async #rulesInside(
    folder: Buffer,
    below: string,
    names: readonly Buffer[],
    outer: ExcludeRules,
    { problems, far }: { problems: FileProblem[]; far: FarReader | undefined },
  ): Promise<ExcludeRules> {
    if (this.#options.ignoreFiles === false) return outer;
    const name = names.find((one) => isNamed(one, ignoreFileName));
    if (!name) return outer;
    const path = this.#platform.join(folder, name);
    try {
      const lines = far ? await far.start(path, ignoreFileBytes) : readStart(this.#platform, path, ignoreFileBytes);
      return outer.inside(below, lines.toString('utf8').split(/\r?\n/));
    } catch (error) {
      if (isAppError(error, 'interrupted') || isAppError(error, 'not_answering')) throw error;
      problems.push(problemOf(path, error));
      return outer;
    }
  }

  async #isCache(folder: Buffer, far: FarReader | undefined): Promise<boolean> {
    const path = this.#platform.join(folder, cacheTagName);
    try {
      const start = far ? await far.start(path, cacheSignature.length) : readStart(this.#platform, path, cacheSignature.length);
      return start.toString('latin1') === cacheSignature;
    } catch (error) {
      if (isAppError(error, 'interrupted') || isAppError(error, 'not_answering')) throw error;
      return false;
    }
  }
}
