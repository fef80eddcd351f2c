import type { DeviceId } from '#libs/kernel';

const MIB = 1024 * 1024;
/** The largest pack there is: a device with less room may lack just a little for the one that waits. */
const LARGEST_PACK_BYTES = 128 * MIB;
const NOTABLE_SHARE = 0.1;

/**
 * Notices when devices get room for packs: a tenth more than the least that they had since it was last noticed, or one MiB where
 * that least is below the largest pack. So a disk that fills and empties by a little says nothing, and slow growth adds up. A device that is heard of
 * for the first time brings all of its room: after a start of the coordinator packs may wait for just that.
 */
export class RoomGrowth {
  readonly #least = new Map<DeviceId, number>();

  /** Takes the bytes that each device has now. True when one of them grew notably. */
  notices(rooms: Iterable<readonly [DeviceId, number]>): boolean {
    let grew = false;
    for (const [deviceId, bytes] of rooms) {
      const least = this.#least.get(deviceId) ?? 0;
      const notable = bytes - least >= (least < LARGEST_PACK_BYTES ? MIB : least * NOTABLE_SHARE);
      grew ||= notable;
      this.#least.set(deviceId, notable ? bytes : Math.min(least, bytes));
    }
    return grew;
  }

  /** Forgets devices that left the team. */
  keepOnly(isKnown: (deviceId: DeviceId) => boolean): void {
    for (const deviceId of this.#least.keys()) if (!isKnown(deviceId)) this.#least.delete(deviceId);
  }
}
