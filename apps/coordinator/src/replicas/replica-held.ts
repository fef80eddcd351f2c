import { Injectable } from '@nestjs/common';
import type { DeviceId, PackId } from '#libs/kernel';

type Listener = (replicas: readonly { readonly packId: PackId; readonly deviceId: DeviceId }[]) => Promise<void>;

/** "These holders have signed for these packs", in the transaction that took the receipts. */
@Injectable()
export class ReplicaHeld {
  readonly #listeners: Listener[] = [];

  /** Called in a feature's `onModuleInit`. */
  onHeld(listener: Listener): void {
    this.#listeners.push(listener);
  }

  async tell(replicas: Parameters<Listener>[0]): Promise<void> {
    for (const listener of this.#listeners) await listener(replicas);
  }
}
