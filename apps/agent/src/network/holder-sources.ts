import { type Clock, type DeviceId, isAppError, type PackId } from '#libs/kernel';
import type { BlockSource, ReadOptions } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { HolderPatience } from './holder-patience.ts';
import type { Located, PackLocator } from './pack-locator.ts';

/** Bytes that one holder gave, for the report of a restore. */
export interface FetchTally {
  /** By pack, then by device. */
  readonly packs: Map<PackId, Map<DeviceId, number>>;
}

export interface HolderSourcesPorts {
  readonly locator: Pick<PackLocator, 'holdersOf'>;
  readonly clock: Clock;
  /** Blocks of one device, over the swarm. */
  blockSource(deviceId: DeviceId): Promise<BlockSource>;
  isConnected(deviceId: DeviceId): boolean;
  nameOf(deviceId: DeviceId): string;
}

/** How many holders of one pack are tried, one after the other. Placement makes 3 to 5 replicas; some are asleep. */
const choices = 8;
/** A device that could not be reached is asked last for this long. */
const unreachableMs = 60_000;
/** Packs whose order is kept; beyond that all are forgotten and made anew. */
const maxOrders = 50_000;

/**
 * The holders of each pack as block sources: source k asks the k-th best holder of the pack in question. Those online or
 * connected come first, those that just failed last; the rest is turned by the pack's id, so that a restore spreads over
 * all of them.
 */
export class HolderSources {
  readonly #ports: HolderSourcesPorts;
  readonly #patience: HolderPatience;
  readonly #failedAtMs = new Map<DeviceId, number>();
  /** The order in which a pack's holders are tried, made when its first choice is asked. */
  readonly #orders = new Map<PackId, readonly DeviceId[]>();

  constructor(ports: HolderSourcesPorts) {
    this.#ports = ports;
    this.#patience = new HolderPatience(ports.clock);
  }

  /** For `openReader` and `VerifiedBlocks`, after the local store. What they give is added to `tally`. */
  sources(tally: FetchTally): BlockSource[] {
    return Array.from({ length: choices }, (_, choice) => this.#source(choice, tally));
  }

  /** Holders of a pack, best first. */
  async ranked(packId: PackId, signal?: AbortSignal): Promise<DeviceId[]> {
    const nowMs = this.#ports.clock.nowMs();
    const located = await this.#ports.locator.holdersOf(packId, signal);
    const turn = located.length === 0 ? 0 : Number.parseInt(packId.slice(-9, -1), 36) % located.length;
    const turned = [...located.slice(turn), ...located.slice(0, turn)];
    const rank = ({ deviceId, online }: Located): number => {
      if ((this.#failedAtMs.get(deviceId) ?? Number.NEGATIVE_INFINITY) > nowMs - unreachableMs) return 2;
      return online === true || this.#ports.isConnected(deviceId) ? 0 : 1;
    };
    return turned.sort((a, b) => rank(a) - rank(b)).map((l) => l.deviceId);
  }

  /** What a source called `holder <k>` means for a pack: the device's name. */
  async nameOf(sourceName: string, packId: PackId): Promise<string> {
    const choice = Number(/^holder (\d+)$/.exec(sourceName)?.[1] ?? Number.NaN) - 1;
    const deviceId = (this.#orders.get(packId) ?? (await this.ranked(packId)))[choice];
    return deviceId ? this.#ports.nameOf(deviceId) : sourceName;
  }

  #source(choice: number, tally: FetchTally): BlockSource {
    const name = `holder ${choice + 1}`;
    const ask = async (packId: PackId, options?: ReadOptions): Promise<{ deviceId: DeviceId; source: BlockSource; isLast: boolean }> => {
      // Made anew for each round of asking, and kept during it: a failure must not move a holder past its turn.
      const order = (choice > 0 ? this.#orders.get(packId) : undefined) ?? (await this.ranked(packId, options?.signal));
      if (this.#orders.size > maxOrders) this.#orders.clear();
      this.#orders.set(packId, order);
      const deviceId = order[choice];
      if (!deviceId) {
        throw new AgentError('pack_not_found', `no ${choice === 0 ? '' : 'further '}holder of pack ${packId} is known`, {
          status: 'temporary',
          context: { packId },
          nextStep: 'Try again when more of the team is online.',
        });
      }
      return { deviceId, source: await this.#ports.blockSource(deviceId), isLast: choice + 1 >= order.length };
    };
    const noteFailure = (deviceId: DeviceId, error: unknown): void => {
      if (isAppError(error, 'source_unavailable') || isAppError(error, 'transfer_stalled'))
        this.#failedAtMs.set(deviceId, this.#ports.clock.nowMs());
    };
    const noteBytes = (packId: PackId, deviceId: DeviceId, bytes: number): void => {
      const byDevice = tally.packs.get(packId) ?? new Map<DeviceId, number>();
      tally.packs.set(packId, byDevice.set(deviceId, (byDevice.get(deviceId) ?? 0) + bytes));
    };
    const failed = this.#failedAtMs;
    const patience = this.#patience;
    /** The last holder that is known is waited for as long as the network does. */
    const inTime = <T>(isLast: boolean, stop: AbortController, block: Promise<T>): Promise<T> =>
      isLast ? block : patience.within(name, stop, block);
    return {
      name,
      async rootBlock(packId, options) {
        const { deviceId, source, isLast } = await ask(packId, options);
        const stop = new AbortController();
        try {
          const block = await inTime(isLast, stop, source.rootBlock(packId, stoppedBy(stop, options)));
          noteBytes(packId, deviceId, block.length);
          failed.delete(deviceId);
          return block;
        } catch (error) {
          noteFailure(deviceId, error);
          throw damageByName(error);
        }
      },
      async *leaves(packId, first, count, options) {
        const { deviceId, source, isLast } = await ask(packId, options);
        const stop = new AbortController();
        const leaves = source.leaves(packId, first, count, stoppedBy(stop, options))[Symbol.asyncIterator]();
        try {
          for (let next; !(next = await inTime(isLast, stop, leaves.next())).done;) {
            noteBytes(packId, deviceId, next.value.length);
            yield next.value;
          }
          failed.delete(deviceId);
        } catch (error) {
          noteFailure(deviceId, error);
          throw damageByName(error);
        } finally {
          // Not awaited: one that stands still may never answer.
          void leaves.return?.().catch(() => undefined);
        }
      },
    };
  }
}

/** The same options, and another way to stop. */
const stoppedBy = (stop: AbortController, options: ReadOptions = {}): ReadOptions => ({
  ...options,
  signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
});

/** A holder that finds its own copy damaged says so instead of serving it: for the reader that is a wrong block. */
function damageByName(error: unknown): unknown {
  if (!isAppError(error, 'pack_corrupt')) return error;
  return new AgentError('block_corrupt', error.message, { cause: error, context: error.context });
}
