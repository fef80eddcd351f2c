import { isAppError } from '#libs/kernel';
import type { FileFacts, Platform } from '../platform/index.ts';

/** Folders that no backup looks into, by whatever path it comes to them: what we write ourselves would be backed up again and again. */
export class NeverEntered {
  readonly #platform: Platform;
  readonly #paths: ReadonlySet<string>;
  readonly #identities: ReadonlySet<string>;

  /** Absolute paths; one that is not there yet counts by its name. */
  constructor(platform: Platform, paths: readonly Buffer[]) {
    this.#platform = platform;
    const reals = paths.flatMap((path) => realPathIfAny(platform, path) ?? []);
    this.#paths = new Set([...paths, ...reals].map((path) => path.toString('latin1')));
    this.#identities = new Set(reals.flatMap((path) => identityOf(platform.factsIfAny(path)) ?? []));
  }

  /** Whether a folder is one of them. */
  has(path: Buffer, facts: FileFacts): boolean {
    return this.#paths.has(path.toString('latin1')) || this.#identities.has(identityOf(facts) ?? '');
  }

  /** Whether a path, links followed (`real`, where that is known), is one of them or below one. */
  covers(path: Buffer, real: Buffer | undefined = realPathIfAny(this.#platform, path)): boolean {
    return [path, ...(real ? [real] : [])].some((one) => {
      const parts = this.#platform.split(one);
      return parts.some((_, at) => this.#paths.has(this.#platform.fromParts(parts.slice(0, at + 1)).toString('latin1')));
    });
  }
}

function identityOf(facts: FileFacts | undefined): string | undefined {
  // Windows without a file index says 0 for all.
  return facts && facts.inode !== 0n ? `${facts.device}:${facts.inode}` : undefined;
}

function realPathIfAny(platform: Platform, path: Buffer): Buffer | undefined {
  try {
    return platform.realPath(path);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
}
