import { type FarMount, farMountOn, farMounts, followNear } from '#libs/kernel/far-mounts';
import type { FileFacts, Platform } from '../platform/index.ts';
import { farLimits } from './far-limits.ts';
import { FarReader } from './far-reader.ts';

export interface FarReadersOptions {
  /** Default: those of this system. */
  readonly mounts?: readonly FarMount[];
  /** See {@link farLimits.silentMs}. */
  readonly silentMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A folder or file that somebody named, looked at. */
export interface LookedAt {
  readonly facts: FileFacts;
  /** Of a folder where there are far mounts: links above it followed. */
  readonly realPath: Buffer | undefined;
  /** Who reads it; undefined: anybody may. */
  readonly far: FarReader | undefined;
}

/**
 * One run's readers of the far mounts that it comes to. Where there is no far mount at or below what was named nothing is asked and no process started. {@link close} it.
 */
export class FarReaders {
  readonly #mounts: readonly FarMount[];
  readonly #silentMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #readers = new Map<FarMount, FarReader>();
  /** Mounts that begin directly in a folder, by their names; folders and names as latin1, by the path on which the run comes to them. */
  readonly #points = new Map<string, Map<string, FarMount>>();

  constructor({ mounts = farMounts(), silentMs = farLimits.silentMs, signal }: FarReadersOptions = {}) {
    this.#mounts = mounts;
    this.#silentMs = silentMs;
    this.#signal = signal;
  }

  /** The far mount that a path (absolute) leads into, by whatever links; found without asking any. */
  mountOn(path: Buffer): FarMount | undefined {
    return farMountOn(path, this.#mounts);
  }

  /**
   * Looks at a path that somebody named, and from now on knows the far mounts below it. Throws what the platform throws, `not_answering` and `interrupted`.
   */
  async look(path: Buffer, platform: Platform): Promise<LookedAt> {
    if (this.#mounts.length === 0) return { facts: platform.facts(path), realPath: undefined, far: undefined };
    const near = followNear(path.toString('latin1'), this.#mounts);
    const far = near.far && this.readerOf(near.far);
    const facts = far ? await far.facts(path) : platform.facts(path);
    // A link is captured as what it is, wherever it leads.
    if (facts.kind !== 'directory') return { facts, realPath: undefined, far };
    const realPath = far ? await far.realPath(path) : Buffer.from(near.path, 'latin1');
    this.#learn(path.toString('latin1'), realPath.toString('latin1'));
    return { facts, realPath, far };
  }

  /** The far mounts that begin directly in a folder, by name; undefined in nearly all. */
  pointsIn(folder: Buffer): ReadonlyMap<string, FarMount> | undefined {
    return this.#points.size === 0 ? undefined : this.#points.get(folder.toString('latin1'));
  }

  readerOf(mount: FarMount): FarReader {
    let reader = this.#readers.get(mount);
    if (!reader) {
      const idle = [...this.#readers.values()].filter(({ isIdle }) => isIdle);
      for (const one of idle.slice(farLimits.idleProcesses)) one.close();
      reader = new FarReader({ mount, silentMs: this.#silentMs, signal: this.#signal });
      this.#readers.set(mount, reader);
    }
    return reader;
  }

  /** Lets go of all processes, whatever they are at. */
  close(): void {
    for (const reader of this.#readers.values()) reader.close();
  }

  /** `folder` is how the run comes to `real`. */
  #learn(folder: string, real: string): void {
    const below = real === '/' ? real : `${real}/`;
    for (const mount of this.#mounts) {
      if (!mount.point.startsWith(below)) continue;
      const path = `${folder === '/' ? '' : folder}/${mount.point.slice(below.length)}`;
      const cut = path.lastIndexOf('/');
      const parent = path.slice(0, cut) || '/';
      const names = this.#points.get(parent) ?? new Map<string, FarMount>();
      names.set(path.slice(cut + 1), mount);
      this.#points.set(parent, names);
    }
  }
}
