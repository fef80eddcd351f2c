import type { PackLocations } from '#libs/contracts';
import type { Clock, DeviceId, PackId } from '#libs/kernel';

/** A device that may have a pack. `online` undefined: nobody said. */
export interface Located {
  readonly deviceId: DeviceId;
  readonly online: boolean | undefined;
}

export interface PackLocatorPorts {
  readonly clock: Clock;
  /** Asks the coordinator; at most 1,000 ids. */
  locate(packIds: readonly PackId[], signal?: AbortSignal): Promise<PackLocations>;
  /** Devices that signed a receipt for one of our own packs. */
  receiptHolders(packId: PackId): readonly DeviceId[];
  /** Members of the roster other than this device that may be asked. */
  members(): readonly DeviceId[];
}

/** Questions that come within this time go to the coordinator together. */
const gatherMs = 10;
const maxBatch = 1000;
/** A coordinator that did not answer is left alone for this long: its time-out must not be paid for each pack. */
const quietMs = 30_000;

/**
 * Who holds which pack: the coordinator's word and our own receipts together. When neither knows (the coordinator is
 * gone and the vault is another machine's), everybody is a candidate: who does not have a pack says so at once.
 */
export class PackLocator {
  readonly #ports: PackLocatorPorts;
  readonly #known = new Map<PackId, readonly Located[]>();
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #batch: { ids: Set<PackId>; answer: Promise<void> } | undefined;

  constructor(ports: PackLocatorPorts) {
    this.#ports = ports;
  }

  async holdersOf(packId: PackId, signal?: AbortSignal): Promise<readonly Located[]> {
    signal?.throwIfAborted();
    if (!this.#known.has(packId)) await this.#ask(packId);
    const members = new Set(this.#ports.members());
    const said = this.#known.get(packId) ?? [];
    const signed = this.#ports.receiptHolders(packId).filter((id) => said.every((s) => s.deviceId !== id));
    const found = [...said, ...signed.map((deviceId) => ({ deviceId, online: undefined }))].filter((l) => members.has(l.deviceId));
    return found.length > 0 ? found : [...members].map((deviceId) => ({ deviceId, online: undefined }));
  }

  /** Asks for many at once, before a restore: one call for a thousand packs. Failure is no failure: see {@link holdersOf}. */
  async prefetch(packIds: readonly PackId[], signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < packIds.length; at += maxBatch) await this.#fetch(packIds.slice(at, at + maxBatch), signal);
  }

  #ask(packId: PackId): Promise<void> {
    if (!this.#batch || this.#batch.ids.size >= maxBatch) {
      const ids = new Set<PackId>();
      const answer = new Promise((resolve) => setTimeout(resolve, gatherMs)).then(() => {
        if (this.#batch?.ids === ids) this.#batch = undefined;
        return this.#fetch([...ids]);
      });
      this.#batch = { ids, answer };
    }
    this.#batch.ids.add(packId);
    return this.#batch.answer;
  }

  async #fetch(packIds: readonly PackId[], signal?: AbortSignal): Promise<void> {
    if (packIds.length === 0 || this.#ports.clock.nowMs() < this.#quietUntilMs) return;
    try {
      const { locations } = await this.#ports.locate(packIds, signal);
      for (const { packId, holders } of locations) {
        this.#known.set(packId, holders);
      }
    } catch {
      signal?.throwIfAborted();
      // Receipts and the roster have to do.
      this.#quietUntilMs = this.#ports.clock.nowMs() + quietMs;
    }
  }
}
