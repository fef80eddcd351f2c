import { z } from 'zod';
import { deviceId, packId, timeMs } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** `state/trims.json`: every copy that this device ever signed away, whatever became of it. */
export const trimsState = z.strictObject({
  signed: z.array(z.strictObject({ packId, holderDeviceId: deviceId, atMs: timeMs })).max(1_000_000),
});
type TrimsState = z.infer<typeof trimsState>;

/**
 * Which copies this device let go. A copy that was signed away once counts for nothing ever after: what was signed can be used by
 * whoever has it, and the holder's old receipt says nothing against that.
 */
export class TrimBook {
  readonly #file: JsonFile<TrimsState>;
  #signed: TrimsState['signed'];
  readonly #keys: Set<string>;

  private constructor(file: JsonFile<TrimsState>, signed: TrimsState['signed']) {
    this.#file = file;
    this.#signed = signed;
    this.#keys = new Set(signed.map(keyOf));
  }

  /** Throws `home_corrupt`: without this book nothing may be let go. */
  static async open(file: JsonFile<TrimsState>): Promise<TrimBook> {
    return new TrimBook(file, (await file.read())?.signed ?? []);
  }

  isLetGo(packId: PackId, holderDeviceId: DeviceId): boolean {
    return this.#keys.has(keyOf({ packId, holderDeviceId }));
  }

  /** Durable when it resolves: before the signature leaves this device. `isKept`: packs that the vault has; others are forgotten. */
  async add(packIds: readonly PackId[], holderDeviceId: DeviceId, atMs: number, isKept: (packId: PackId) => boolean): Promise<void> {
    const fresh = packIds.filter((packId) => !this.isLetGo(packId, holderDeviceId)).map((packId) => ({ packId, holderDeviceId, atMs }));
    const signed = [...this.#signed.filter((one) => isKept(one.packId)), ...fresh];
    await this.#file.write({ signed });
    this.#signed = signed;
    for (const one of fresh) this.#keys.add(keyOf(one));
  }
}

const keyOf = ({ packId, holderDeviceId }: { readonly packId: PackId; readonly holderDeviceId: DeviceId }): string =>
  `${packId}/${holderDeviceId}`;
