import type { PackId } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { PackKind } from '../ports.ts';

/** What the index knows of a pack. `ordinal` numbers the packs of a vault and is never reused. */
export interface PackInfo {
  readonly ordinal: number;
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly kind: PackKind;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
}

/** Packs by ordinal and by id; some 300 bytes a pack. */
export class PackTable {
  readonly #byOrdinal = new Map<number, PackInfo>();
  readonly #byId = new Map<PackId, number>();

  get size(): number {
    return this.#byOrdinal.size;
  }

  /** Adding the same pack again is no error; another pack under a used ordinal throws `index_corrupt`. */
  add(pack: PackInfo): void {
    const known = this.#byOrdinal.get(pack.ordinal);
    if ((known && known.packId !== pack.packId) || (this.#byId.get(pack.packId) ?? pack.ordinal) !== pack.ordinal) {
      throw new VaultError('index_corrupt', `pack ${pack.packId} and ordinal ${pack.ordinal} are not one to one`, {
        context: { packId: pack.packId, ordinal: pack.ordinal },
      });
    }
    if (!known && this.size >= limits.packs) throw new VaultError('limit_exceeded', `more than ${limits.packs} packs in one vault`);
    this.#byOrdinal.set(pack.ordinal, pack);
    this.#byId.set(pack.packId, pack.ordinal);
  }

  get(ordinal: number): PackInfo | undefined {
    return this.#byOrdinal.get(ordinal);
  }

  ordinalOf(packId: PackId): number | undefined {
    return this.#byId.get(packId);
  }

  delete(ordinal: number): void {
    const pack = this.#byOrdinal.get(ordinal);
    if (!pack) return;
    this.#byOrdinal.delete(ordinal);
    this.#byId.delete(pack.packId);
  }

  values(): IterableIterator<PackInfo> {
    return this.#byOrdinal.values();
  }
}
