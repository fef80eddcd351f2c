import { z } from 'zod';
import { packId, snapshotStats, timeMs } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** `state/protection.json`: what `status` says without opening the vault. */
export const protectionState = z.strictObject({
  /** The newest snapshot and every pack that a restore of it needs. */
  latest: z
    .strictObject({ sequence: z.int(), capturedAtMs: timeMs, partial: z.boolean(), packIds: z.array(packId), stats: snapshotStats })
    .nullable(),
  /** The newest snapshot that was seen protected. */
  protected: z.strictObject({ sequence: z.int(), capturedAtMs: timeMs, atMs: timeMs }).nullable(),
});
export type ProtectionState = z.infer<typeof protectionState>;

export interface ProtectionPorts {
  readonly file: JsonFile<ProtectionState>;
  /** Holders that signed for the pack and are members still. */
  holdersOf(packId: PackId): readonly DeviceId[];
  minimum(): number;
  nowMs(): number;
}

export interface ProtectionView {
  readonly latest: ProtectionState['latest'];
  readonly protected: ProtectionState['protected'];
  /** Packs of the latest snapshot with fewer holders than the policy's minimum. */
  readonly packsWaiting: number;
  readonly holders: readonly DeviceId[];
}

/** Captured or protected, by the holders' own signatures: the coordinator need not be asked, nor believed. */
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

  async captured(latest: NonNullable<ProtectionState['latest']>): Promise<void> {
    this.#state = { ...this.#state, latest };
    await this.#ports.file.write(this.#state);
  }

  /** Whether as many members as the policy's minimum signed for the pack. */
  isHeld(packId: PackId): boolean {
    return this.#ports.holdersOf(packId).length >= this.#ports.minimum();
  }

  view(): ProtectionView {
    const { latest } = this.#state;
    const holders = new Set<DeviceId>();
    let packsWaiting = 0;
    for (const id of latest?.packIds ?? []) {
      const found = this.#ports.holdersOf(id);
      if (found.length < this.#ports.minimum()) packsWaiting += 1;
      for (const holder of found) holders.add(holder);
    }
    return { latest, protected: this.#state.protected, packsWaiting, holders: [...holders] };
  }

  /** Looks again after receipts came; true when the latest snapshot is protected. Remembers the first time that it was. */
  async refresh(): Promise<boolean> {
    const { latest, packsWaiting } = this.view();
    if (!latest || packsWaiting > 0) return false;
    if (this.#state.protected?.sequence !== latest.sequence) {
      this.#state = { latest, protected: { sequence: latest.sequence, capturedAtMs: latest.capturedAtMs, atMs: this.#ports.nowMs() } };
      await this.#ports.file.write(this.#state);
    }
    return true;
  }
}
