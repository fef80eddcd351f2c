import type { FileFacts, Platform } from '../platform/index.ts';
import { heldUpMs } from './held-up.ts';
import { scanLimits } from './limits.ts';
import { Pace } from './pace.ts';

/** What is in a folder. */
export interface Listing {
  /** In ascending order of their bytes. */
  readonly names: Buffer[];
  /** Of each name, where somebody has looked already. */
  readonly facts?: readonly Looked[];
}

/** What was seen, why nothing was, or nothing yet. */
export type Looked = FileFacts | Error | undefined;

interface Entry {
  readonly name: Buffer;
  readonly facts: FileFacts;
  /** Somebody else has to look. */
  readonly far?: unknown;
}

/** Names that nobody may look at but when the walk is there. */
export type IsSpared = (folder: Buffer, name: Buffer) => boolean;

/** See {@link Pace}. */
export interface ScanClock {
  readonly now: () => number;
  readonly heldUpMs: () => number;
}

const systemClock: ScanClock = { now: () => performance.now(), heldUpMs };

/** A folder that was listed before the walk came to it. */
interface Ahead {
  readonly key: string;
  readonly at: number;
  /** Nothing in it is older. */
  readonly startMs: number;
  readonly listing: Promise<Listing>;
  /** As far as they are known. */
  names: number;
}

/** A folder that the walk is in. */
export class Level {
  readonly folder: Buffer;
  readonly entries: readonly Entry[];
  /** In the order of the walk. */
  readonly ahead: Ahead[] = [];
  /** The first entry that nobody has come to. */
  next = 0;

  constructor(folder: Buffer, entries: readonly Entry[]) {
    this.folder = folder;
    this.entries = entries;
  }

  /** The walk is at this entry. */
  reached(at: number): void {
    if (at >= this.next) this.next = at + 1;
  }
}

/**
 * Lists folders, and looks at what is in them, before the walk comes to them: several at once, so that their waits for a disk overlap. Only while this thread is seen
 * to wait for the file system; otherwise a folder is listed when the walk is there, which costs least. What the walk gets was seen at most {@link scanLimits.aheadForMs}
 * before it came: what is older is seen anew, so that a tree in use is found as by a walk that does one thing after the other, but for those seconds.
 * Memory: {@link scanLimits.foldersAhead} folders and {@link scanLimits.namesAhead} names.
 */
export class LookAhead {
  readonly #platform: Platform;
  readonly #isSpared: IsSpared;
  readonly #now: () => number;
  readonly #listings: Pace;
  readonly #looks: Pace;
  /** From the top to where the walk is. */
  readonly #levels: Level[] = [];
  readonly #ahead = new Map<string, { readonly level: Level; readonly ahead: Ahead }>();
  #active = 0;
  #names = 0;

  constructor(platform: Platform, isSpared: IsSpared, { now, heldUpMs }: ScanClock = systemClock) {
    this.#platform = platform;
    this.#isSpared = isSpared;
    this.#now = now;
    this.#listings = new Pace(now, heldUpMs);
    this.#looks = new Pace(now, heldUpMs);
  }

  /** The walk goes through these, in their order, and into each folder among them that nobody else has to look at. {@link leave} it. */
  enter(folder: Buffer, entries: readonly Entry[]): Level {
    const level = new Level(folder, entries);
    this.#levels.push(level);
    this.#goOn();
    return level;
  }

  /** The walk is through, or has ended. */
  leave(level: Level): void {
    this.#levels.splice(this.#levels.lastIndexOf(level), 1);
    while (level.ahead.length > 0) this.#forgetLast(level);
  }

  /** Throws, or rejects with, what the platform throws. `sizeBytes`: what the folder takes; 0 says nothing. */
  list(folder: Buffer, sizeBytes: number): Listing | Promise<Listing> {
    const ahead = this.#take(folder);
    if (!ahead && sizeBytes > 0 && sizeBytes <= scanLimits.smallFolderBytes && !this.#listings.isSlow) return this.#listNow(folder);
    // First what is needed first.
    const listing = ahead?.listing ?? this.#listLater(folder);
    this.#goOn();
    return listing;
  }

  /** What this thread sees, and how long it had to wait for it. Throws what the platform throws. */
  look(path: Buffer): FileFacts {
    const start = this.#now();
    try {
      return this.#platform.facts(path);
    } finally {
      this.#looks.took(start, this.#now());
    }
  }

  /** In {@link look} this thread mostly waits. */
  get isSlow(): boolean {
    return this.#looks.isSlow;
  }

  #listNow(folder: Buffer): Listing {
    const start = this.#now();
    let names: Buffer[] = [];
    try {
      names = this.#platform.namesNow(folder);
      return { names: inOrder(names) };
    } finally {
      this.#listings.took(start, this.#now(), scanLimits.slowCallMs + names.length * scanLimits.slowNameMs);
    }
  }

  async #listLater(folder: Buffer): Promise<Listing> {
    return { names: inOrder(await this.#platform.names(folder)) };
  }

  /** Starts on what the walk comes to next, as far as there is room. */
  #goOn(): void {
    if (!this.#listings.isSlow) return;
    for (let i = this.#levels.length - 1; i >= 0; i -= 1) {
      const level = this.#levels[i]!;
      for (; level.next < level.entries.length && level.ahead.length < scanLimits.aheadInFolder; level.next += 1) {
        const { name, facts, far } = level.entries[level.next]!;
        if (facts.kind !== 'directory' || far || facts.sizeBytes > scanLimits.smallFolderBytes) continue;
        if (this.#active >= scanLimits.foldersAtOnce || !this.#makeRoom(level)) return;
        this.#start(level, this.#platform.join(level.folder, name));
      }
    }
  }

  #start(level: Level, folder: Buffer): void {
    this.#active += 1;
    const startMs = this.#now();
    const listing = this.#lookInto(folder);
    const ahead: Ahead = { key: keyOf(folder), at: level.next, startMs, listing, names: 0 };
    level.ahead.push(ahead);
    this.#ahead.set(ahead.key, { level, ahead });
    listing
      .then(
        ({ names }) => {
          // Unless the walk has it by now, or nobody wants it any more.
          if (this.#ahead.get(ahead.key)?.ahead !== ahead) return;
          ahead.names = names.length;
          this.#names += names.length;
        },
        // Whoever takes it hears of it.
        () => undefined,
      )
      .finally(() => {
        this.#active -= 1;
        this.#goOn();
      });
  }

  async #lookInto(folder: Buffer): Promise<Listing> {
    const { names } = await this.#listLater(folder);
    if (!this.isSlow || names.length > scanLimits.looksInRow) return { names };
    return { names, facts: await this.lookAtAll(folder, names) };
  }

  /** Several at once; those that are spared are left out. Never throws: what the platform throws stands in its place. */
  async lookAtAll(folder: Buffer, names: readonly Buffer[]): Promise<readonly Looked[]> {
    const found = Array.from<Looked>({ length: names.length });
    let at = 0;
    const some = async (): Promise<void> => {
      while (at < names.length) {
        const i = at++;
        const name = names[i]!;
        if (this.#isSpared(folder, name)) continue;
        try {
          found[i] = await this.#platform.factsLater(this.#platform.join(folder, name));
        } catch (error) {
          found[i] = error as Error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(scanLimits.looksAtOnce, names.length) }, some));
    return found;
  }

  /** What the walk comes to last gives way to what it comes to first: it is looked at once more, by then from memory. */
  #makeRoom(level: Level): boolean {
    while (this.#ahead.size >= scanLimits.foldersAhead || this.#names >= scanLimits.namesAhead) {
      const last = this.#levels.find(({ ahead }) => ahead.length > 0);
      if (!last || last === level) return false;
      last.next = this.#forgetLast(last).at;
    }
    return true;
  }

  #take(folder: Buffer): Ahead | undefined {
    if (this.#ahead.size === 0) return undefined;
    const found = this.#ahead.get(keyOf(folder));
    if (!found) return undefined;
    const { level, ahead } = found;
    if (this.#now() - ahead.startMs > scanLimits.aheadForMs) {
      // Those behind it are about as old, and would each be when the walk comes to them; by then they are seen anew, from memory.
      while (level.ahead.length > 0) this.#forgetLast(level);
      level.next = ahead.at + 1;
      return undefined;
    }
    level.ahead.splice(level.ahead.indexOf(ahead), 1);
    this.#drop(ahead);
    return ahead;
  }

  #forgetLast(level: Level): Ahead {
    const last = level.ahead.pop()!;
    this.#drop(last);
    return last;
  }

  #drop({ key, names }: Ahead): void {
    this.#ahead.delete(key);
    this.#names -= names;
  }
}

const keyOf = (folder: Buffer): string => folder.toString('latin1');

/** Of their bytes, ascending. */
export function inOrder(names: Buffer[]): Buffer[] {
  return names.sort((a, b) => Buffer.compare(a, b));
}
