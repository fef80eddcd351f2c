import type { Primitives } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { isAppError, messageOf } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { openRootBlock, type PackRoot } from '../pack/pack-dag.ts';
import type { BlockSource, ReadOptions } from '../ports.ts';
import { abortable } from './abortable.ts';
import { ReturnedLeaves } from './leaf-room.ts';
import { LeastRecent } from './least-recent.ts';

export type RejectionCode = 'block_corrupt' | 'pack_not_found' | 'source_unavailable';

/** A source that did not serve a block as it should have. `leaf` -1 is the root block. */
export interface BlockRejected {
  readonly packId: PackId;
  readonly leaf: number;
  readonly source: string;
  readonly code: RejectionCode;
  readonly reason: string;
}

export interface VerifiedBlocksOptions {
  readonly primitives: Pick<Primitives, 'blake3' | 'sha256'>;
  /** In the order in which they are tried. */
  readonly sources: readonly BlockSource[];
  readonly onRejected?: ((rejected: BlockRejected) => void) | undefined;
  /** Leaves kept for {@link VerifiedBlocks.readRange}; default 16, so 16 MiB. */
  readonly cacheLeaves?: number;
}

/** A source that served this many wrong leaves of one request is not asked for more of them. */
const wrongLeavesBeforeGivingUp = 3;
const rootsKept = 1_024;

/**
 * The one way to read packs: an ordered list of sources, of which none is trusted. Every root block is checked against
 * the pack id and every leaf against the root before anybody sees it. Where a source fails or lies, the next is asked;
 * `onRejected` hears of it, so that the bad replica can be repaired.
 *
 * Throws `block_corrupt` when some source had wrong bytes and none right ones, `source_unavailable` (temporary) when one
 * that may have it could not be reached, else `pack_not_found`; the message names every source and its reason.
 * A source that stalls is cut off by the caller's signal; time limits are the source's own matter.
 */
export class VerifiedBlocks implements BlockSource {
  readonly name: string;
  readonly #options: VerifiedBlocksOptions;
  readonly #roots = new LeastRecent<PackId, { readonly root: PackRoot; readonly block: Uint8Array }>(rootsKept);
  readonly #leaves: LeastRecent<string, Uint8Array>;
  readonly #room = new ReturnedLeaves();

  constructor(options: VerifiedBlocksOptions) {
    this.#options = options;
    this.#leaves = new LeastRecent(options.cacheLeaves ?? 16);
    this.name = options.sources.map((source) => source.name).join(', ') || 'no source';
  }

  async rootBlock(packId: PackId, options: ReadOptions = {}): Promise<Uint8Array> {
    return (await this.#root(packId, options)).block;
  }

  /** Size of the pack in bytes, from its checked root block. */
  async sizeOf(packId: PackId, options: ReadOptions = {}): Promise<number> {
    return (await this.root(packId, options)).sizeBytes;
  }

  async root(packId: PackId, options: ReadOptions = {}): Promise<PackRoot> {
    return (await this.#root(packId, options)).root;
  }

  /** Throws `limit_exceeded` when the pack has no such leaves. */
  async *leaves(packId: PackId, first: number, count: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const root = await this.root(packId, options);
    const end = first + count;
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || first < 0 || count < 0 || end > root.leafCount) {
      throw new VaultError('limit_exceeded', `pack ${packId} has ${root.leafCount} leaves; ${first} to ${end} was asked for`);
    }
    const attempts = new Attempts(packId, this.#options);
    let leaf = first;
    while (leaf < end) {
      const { source, preferred } = attempts.next(leaf);
      // Beside the preferred source another one serves only the leaf that is wrong there.
      const until = preferred ? end : leaf + 1;
      const iterator = source.leaves(packId, leaf, until - leaf, options)[Symbol.asyncIterator]();
      try {
        while (leaf < until) {
          const next = await abortable(iterator.next(), options.signal);
          if (next.done) {
            attempts.failed(source, leaf, 'source_unavailable', 'ended before the last leaf');
            break;
          }
          if (!root.verifyLeaf(leaf, next.value)) {
            attempts.failed(
              source,
              leaf,
              'block_corrupt',
              `leaf ${leaf} (offset ${leaf * limits.leafBytes}) does not match the root block`,
            );
            break;
          }
          yield next.value;
          leaf += 1;
        }
      } catch (error) {
        if (options.signal?.aborted || attempts.owns(error)) throw error;
        attempts.threw(source, leaf, error);
      } finally {
        // Not awaited: a source that stalls may never answer.
        void iterator.return?.().catch(() => undefined);
      }
    }
  }

  /** `length` bytes from `offset`, fetched as whole leaves. Throws `limit_exceeded` when they are not inside the pack. */
  readRange(packId: PackId, offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.#range(packId, offset, length, 'all', options);
  }

  /**
   * {@link readRange} for whoever goes through a pack in order and does not come back: of the leaves only the last is kept, since the next
   * range may begin in it. The bytes are the caller's own: alone in their memory, so that they may be handed to another thread, or at the start of
   * `into`, when they fit there.
   */
  readOnce(
    packId: PackId,
    offset: number,
    length: number,
    options: ReadOptions & { readonly into?: Uint8Array } = {},
  ): Promise<Uint8Array> {
    const { into, ...read } = options;
    const room = into && into.length >= length ? into.subarray(0, length) : undefined;
    return this.#range(packId, offset, length, 'last', { ...read, leafRoom: this.#room }, room);
  }

  /**
   * Fills `into` with bytes from `offset` as the first source has them, **not checked** against the pack id: only for whoever opens the seals of all that it
   * uses, and computes their ids, before it uses any of it; a seal tells as much of these bytes as the leaf would. False when the first source is not
   * on this machine or does not have them; then, and when a seal does not open, {@link readOnce} finds out what is wrong where, and asks the others.
   */
  async readSealed(packId: PackId, offset: number, into: Uint8Array, options: ReadOptions = {}): Promise<boolean> {
    const [first] = this.#options.sources;
    if (!first?.readSealed) return false;
    try {
      return await first.readSealed(packId, offset, into, options);
    } catch (error) {
      if (options.signal?.aborted || !isAppError(error)) throw error;
      return false;
    }
  }

  async #range(
    packId: PackId,
    offset: number,
    length: number,
    keep: 'all' | 'last',
    options: ReadOptions,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    const root = await this.root(packId, options);
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > root.sizeBytes) {
      throw new VaultError('limit_exceeded', `pack ${packId} has ${root.sizeBytes} bytes; ${length} from ${offset} were asked for`, {
        context: { packId, offset, length },
      });
    }
    const out = into ?? new Uint8Array(length);
    const put = (leaf: number, bytes: Uint8Array): void => {
      const at = leaf * limits.leafBytes - offset;
      const from = Math.max(0, -at);
      out.set(bytes.subarray(from, Math.min(bytes.length, length - at)), at + from);
    };
    let leaf = Math.floor(offset / limits.leafBytes);
    const end = length === 0 ? leaf : Math.ceil((offset + length) / limits.leafBytes);
    while (leaf < end) {
      const cached = this.#leaves.get(`${packId}/${leaf}`);
      if (cached) {
        put(leaf, cached);
        leaf += 1;
        continue;
      }
      let missing = leaf + 1;
      while (missing < end && !this.#leaves.has(`${packId}/${missing}`)) missing += 1;
      for await (const bytes of this.leaves(packId, leaf, missing - leaf, options)) {
        put(leaf, bytes);
        if (keep === 'all' || leaf === end - 1) this.#leaves.set(`${packId}/${leaf}`, bytes);
        else this.#room.giveBack(bytes);
        leaf += 1;
      }
    }
    return out;
  }

  async #root(packId: PackId, options: ReadOptions): Promise<{ readonly root: PackRoot; readonly block: Uint8Array }> {
    const known = this.#roots.get(packId);
    if (known) return known;
    const attempts = new Attempts(packId, this.#options);
    for (;;) {
      options.signal?.throwIfAborted();
      const { source } = attempts.next(-1);
      try {
        const block = await abortable(source.rootBlock(packId, options), options.signal);
        const found = { root: openRootBlock(this.#options.primitives, packId, block), block };
        this.#roots.set(packId, found);
        return found;
      } catch (error) {
        if (options.signal?.aborted) throw error;
        attempts.threw(source, -1, error);
      }
    }
  }
}

/** What went wrong with which source in one request. */
class Attempts {
  readonly #packId: PackId;
  readonly #options: VerifiedBlocksOptions;
  readonly #down = new Set<BlockSource>();
  readonly #wrong = new Map<BlockSource, Set<number>>();
  readonly #rejected: BlockRejected[] = [];
  #final: VaultError | undefined;

  constructor(packId: PackId, options: VerifiedBlocksOptions) {
    this.#packId = packId;
    this.#options = options;
  }

  /** The first source that may still have this leaf; throws when there is none. */
  next(leaf: number): { readonly source: BlockSource; readonly preferred: boolean } {
    const up = this.#options.sources.filter((source) => !this.#down.has(source));
    const source = up.find((candidate) => !this.#wrong.get(candidate)?.has(leaf));
    if (!source) throw (this.#final = this.#conclusion(leaf));
    return { source, preferred: source === up[0] };
  }

  owns(error: unknown): boolean {
    return error === this.#final;
  }

  failed(source: BlockSource, leaf: number, code: RejectionCode, reason: string): void {
    const rejected = { packId: this.#packId, leaf, source: source.name, code, reason };
    this.#rejected.push(rejected);
    const wrong = this.#wrong.get(source) ?? new Set();
    this.#wrong.set(source, wrong.add(leaf));
    if (code !== 'block_corrupt' || wrong.size >= wrongLeavesBeforeGivingUp) this.#down.add(source);
    this.#options.onRejected?.(rejected);
  }

  threw(source: BlockSource, leaf: number, error: unknown): void {
    // An honest holder finds the damage itself and says so (`pack_corrupt`) where the bad leaf would have come.
    const isDamage = isAppError(error, 'block_corrupt') || isAppError(error, 'pack_corrupt');
    const code = isDamage ? 'block_corrupt' : isAppError(error, 'pack_not_found') ? 'pack_not_found' : 'source_unavailable';
    this.failed(source, leaf, code, messageOf(error));
  }

  #conclusion(leaf: number): VaultError {
    const codes = this.#rejected.map((rejected) => rejected.code);
    const code = (['block_corrupt', 'source_unavailable'] as const).find((candidate) => codes.includes(candidate)) ?? 'pack_not_found';
    const what = leaf < 0 ? 'root block' : `leaf ${leaf}`;
    const tried = this.#rejected.map((rejected) => `${rejected.source}: ${rejected.reason}`).join('; ') || 'there is no source to ask';
    return new VaultError(code, `pack ${this.#packId}: no source has a good ${what} (${tried})`, {
      status: code === 'source_unavailable' ? 'temporary' : 'permanent',
      context: { packId: this.#packId, region: what, offset: leaf < 0 ? null : leaf * limits.leafBytes },
    });
  }
}
