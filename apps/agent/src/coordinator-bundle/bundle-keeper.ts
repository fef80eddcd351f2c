import { join } from 'node:path';
import { type Bundle, type SignedStatement, signedStatement } from '#libs/contracts';
import { bundleDigestOf, checkBundle } from '#libs/crypto';
import { isAppError, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';

/** What is kept, with the reason for each number. */
const bundleKeeping = {
  /** The newest and two before it: one that was made of a damaged database must not be the only one. */
  versions: 3,
  /** A statement of 4 MiB as base64, and its frame; so three take 18 MB at most. */
  maxBytes: 6 * 1024 * 1024,
} as const;

export interface KeptBundle {
  readonly statement: SignedStatement;
  readonly facts: Bundle;
  readonly digest: string;
}

/**
 * What the coordinator left here for a new one, should its disk be lost: sealed to the recovery kit, so that this device can check who made it and read none of
 * it. One file each, in the order of receipt: only the coordinator hands them out, so the one that came last is what it said last, whatever its clock was.
 */
export class BundleKeeper {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #teamId: string;
  readonly #coordinatorKey: Uint8Array;
  #newest: KeptBundle | undefined;
  #number = 0;

  private constructor(files: DurableFiles, folder: string, teamId: string, coordinatorKey: Uint8Array) {
    this.#files = files;
    this.#folder = folder;
    this.#teamId = teamId;
    this.#coordinatorKey = coordinatorKey;
  }

  static async open(files: DurableFiles, folder: string, teamId: string, coordinatorKey: Uint8Array): Promise<BundleKeeper> {
    const keeper = new BundleKeeper(files, folder, teamId, coordinatorKey);
    const numbers = await keeper.#numbers();
    keeper.#number = numbers.at(-1) ?? 0;
    keeper.#newest = (await keeper.all())[0];
    return keeper;
  }

  /** Undefined: none is kept here. */
  get newest(): KeptBundle | undefined {
    return this.#newest;
  }

  /** Every whole one, what came last first. Damaged files are passed by: the coordinator is told of none and gives it again. */
  async all(): Promise<KeptBundle[]> {
    const kept: KeptBundle[] = [];
    for (const number of (await this.#numbers()).reverse()) {
      const one = await this.#read(number);
      if (one) kept.push(one);
    }
    return kept;
  }

  /** Keeps one that the coordinator gave, and drops the oldest. Throws `bad_bundle`, `other_team`, `disk_full`; then nothing has changed. */
  async accept(statement: SignedStatement): Promise<KeptBundle> {
    const kept = this.#checked(statement);
    if (kept.digest === this.#newest?.digest) return this.#newest;
    const bytes = utf8(`${JSON.stringify(statement)}\n`);
    this.#number += 1;
    await this.#files.replace(this.#path(this.#number), bytes);
    this.#newest = kept;
    const numbers = await this.#numbers();
    for (const old of numbers.slice(0, -bundleKeeping.versions)) await this.#files.remove(this.#path(old));
    return kept;
  }

  #checked(statement: SignedStatement): KeptBundle {
    const facts = checkBundle(statement, this.#teamId, this.#coordinatorKey);
    return { statement, facts, digest: bundleDigestOf(statement) };
  }

  async #read(number: number): Promise<KeptBundle | undefined> {
    try {
      const bytes = await this.#files.read(this.#path(number), { maxBytes: bundleKeeping.maxBytes });
      return this.#checked(signedStatement.parse(JSON.parse(new TextDecoder().decode(bytes))));
    } catch (error) {
      if (isAppError(error) || error instanceof SyntaxError || (error as Error).name === 'ZodError') return undefined;
      throw error;
    }
  }

  async #numbers(): Promise<number[]> {
    const names = (await this.#files.list(this.#folder)).flatMap(({ name }) => /^bundle-(\d{1,12})\.json$/.exec(name)?.[1] ?? []);
    return names.map(Number).sort((a, b) => a - b);
  }

  #path(number: number): string {
    return join(this.#folder, `bundle-${number}.json`);
  }
}
