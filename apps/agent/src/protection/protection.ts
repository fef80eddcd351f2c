import { z } from 'zod';
import { packId, snapshotStats, timeMs } from '#libs/contracts';
import { unreadOf } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** A snapshot and every pack that a restore of it needs. */
const capturedSnapshot = z.strictObject({
  sequence: z.int(),
  capturedAtMs: timeMs,
  partial: z.boolean(),
  packIds: z.array(packId),
  stats: snapshotStats,
  adHoc: z.boolean().optional(),
  /** The head by which these packs are right: a prune moves them. */
  headSequence: z.int().optional(),
});
export type CapturedState = z.infer<typeof capturedSnapshot>;

const seenProtected = z.strictObject({ sequence: z.int(), capturedAtMs: timeMs, atMs: timeMs });

/** `state/protection.json`: what `status` says without opening the vault. */
export const protectionState = z.strictObject({
  /** The newest snapshot of everything that this machine is to back up; one of named paths only while there is no other. */
  latest: capturedSnapshot.nullable(),
  /** A newer one of named paths. */
  named: capturedSnapshot.nullable().optional(),
  /** The newest snapshot that was seen protected. */
  protected: seenProtected.nullable(),
  /** The newest complete one of them; absent in files from before it was told apart. */
  complete: seenProtected.nullable().optional(),
});
export type ProtectionState = z.infer<typeof protectionState>;

export interface ProtectionPorts {
  readonly file: JsonFile<ProtectionState>;
  /** Holders that signed for the pack and are members still, each with what its copy counts: 0 to 1. */
  copiesOf(packId: PackId): readonly { readonly deviceId: DeviceId; readonly weight: number }[];
  minimum(): number;
  nowMs(): number;
}

export interface ProtectionView {
  readonly latest: ProtectionState['latest'];
  readonly protected: ProtectionState['protected'];
  /** The newest snapshot that was seen protected and has everything in it; null: none, or none is known. */
  readonly complete: ProtectionState['protected'];
  /** Packs of that snapshot with fewer holders than the policy's minimum. */
  readonly packsWaiting: number;
  readonly holders: readonly DeviceId[];
}

/**
 * Captured or protected, by the holders' own signatures: without one no copy counts, whatever the coordinator says. What it knows of copies that are gone since
 * is taken off.
 */
export class Protection {
  readonly #ports: ProtectionPorts;
  #state: ProtectionState = { latest: null, protected: null };

  private constructor(ports: ProtectionPorts) {
    this.#ports = ports;
  }

  static async open(ports: ProtectionPorts): Promise<Protection> {
    const protection = new Protection(ports);
    protection.#state = (await ports.file.read()) ?? protection.#state;
    return protection;
  }

  /** A snapshot of named paths does not stand for the machine's state, unless there is nothing else. */
  async captured(snapshot: CapturedState): Promise<void> {
    const { latest } = this.#state;
    const stands = !snapshot.adHoc || latest === null || latest.adHoc === true;
    this.#state = { ...this.#state, ...(stands ? { latest: snapshot, named: null } : { named: snapshot }) };
    await this.#ports.file.write(this.#state);
  }

  /** After a prune: the same snapshots stand in other packs. `packIdsOf`: undefined where that is not known. */
  async moved(headSequence: number, packIdsOf: (sequence: number) => PackId[] | undefined): Promise<void> {
    const move = (one: CapturedState | null | undefined): CapturedState | null => {
      const packIds = one && packIdsOf(one.sequence);
      return packIds ? { ...one, packIds, headSequence } : (one ?? null);
    };
    this.#state = { ...this.#state, latest: move(this.#state.latest), named: move(this.#state.named) };
    await this.#ports.file.write(this.#state);
  }

  /** Whether the pack has as many copies that count as the policy's minimum. */
  isHeld(packId: PackId): boolean {
    return this.#ports.copiesOf(packId).reduce((sum, { weight }) => sum + weight, 0) >= this.#ports.minimum();
  }

  /** `newest`: whatever was captured last, also of named paths. */
  view(which: 'latest' | 'newest' = 'latest'): ProtectionView {
    const latest = (which === 'newest' && this.#state.named) || this.#state.latest;
    const holders = new Set<DeviceId>();
    let packsWaiting = 0;
    for (const id of latest?.packIds ?? []) {
      if (!this.isHeld(id)) packsWaiting += 1;
      for (const { deviceId, weight } of this.#ports.copiesOf(id)) if (weight > 0) holders.add(deviceId);
    }
    return { latest, protected: this.#state.protected, complete: this.#complete(), packsWaiting, holders: [...holders] };
  }

  #complete(): ProtectionState['protected'] {
    const { latest, protected: seen, complete } = this.#state;
    if (complete !== undefined) return complete;
    return latest && seen?.sequence === latest.sequence && unreadOf(latest) === 0 ? seen : null;
  }

  /** Looks again after receipts came; true when the latest snapshot is protected. Remembers the first time that it was. */
  async refresh(): Promise<boolean> {
    const { latest, packsWaiting } = this.view();
    if (!latest || packsWaiting > 0) return false;
    if (this.#state.protected?.sequence !== latest.sequence) {
      const seen = { sequence: latest.sequence, capturedAtMs: latest.capturedAtMs, atMs: this.#ports.nowMs() };
      const complete = unreadOf(latest) === 0 ? seen : this.#complete();
      this.#state = { ...this.#state, latest, protected: seen, complete };
      await this.#ports.file.write(this.#state);
    }
    return true;
  }
}
