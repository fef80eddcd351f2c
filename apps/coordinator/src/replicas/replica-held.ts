import { Injectable } from '@nestjs/common';
import type { DeviceId, PackId } from '#libs/kernel';

type Listener = (replica: { readonly packId: PackId; readonly deviceId: DeviceId }) => Promise<void>;

/** "This holder has just signed for this pack", in the transaction that took the receipt. */
@Injectable()
export class ReplicaHeld {
  readonly #listeners: Listener[] = [];

  /** Called in a feature's `onModuleInit`. */
  onHeld(listener: Listener): void {
    this.#listeners.push(listener);
  }

  async tell(replica: Parameters<Listener>[0]): Promise<void> {
    for (const listener of this.#listeners) await listener(replica);
  }
}
