import { z } from 'zod';
import { deviceId, packKind, publicKey, timeMs, vaultId } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { utf8 } from '#libs/kernel';
import type { SealedPack } from '#libs/vault';
import type { FilePackStoreOptions, StoredPack } from './file-pack-store.ts';
import { FilePackStore } from './file-pack-store.ts';
import type { PackSink } from './pack-receiver.ts';

/** Whose pack it is and since when it is held; kept beside the pack, so that an inventory needs no database. */
const heldPack = z.object({
  vaultId,
  ownerDeviceId: deviceId,
  packKind,
  generation: z.int().min(0),
  sinceMs: timeMs,
  /**
   * The owner's Ed25519 key (base64url) as the roster had it when the pack was stored. Only this key, or the team root, can ever
   * release the pack: a roster that names another one later changes nothing. Absent in notes of before: such a pack is kept.
   */
  ownerKey: publicKey.optional(),
});
export type HeldPack = z.infer<typeof heldPack>;

/**
 * Packs of other devices: a {@link FilePackStore} where every pack carries a note of its owner.
 *
 * ```ts
 * const held = await HeldPackStore.open('/var/lib/holdfast/held');
 * await swarm.fetchPack(packId, sizeBytes, { from: sources, into: held.sinkFor({ vaultId, ownerDeviceId, packKind, generation, sinceMs }) });
 * ```
 */
export class HeldPackStore {
  readonly packs: FilePackStore;

  private constructor(packs: FilePackStore) {
    this.packs = packs;
  }

  static async open(folder: string, options: FilePackStoreOptions = {}): Promise<HeldPackStore> {
    return new HeldPackStore(await FilePackStore.open(folder, { name: 'held packs', ...options }));
  }

  /** Where `fetchPack` writes a pack that belongs to that owner. */
  sinkFor(about: HeldPack): PackSink {
    const note = utf8(JSON.stringify(heldPack.parse(about)));
    return { beginReceive: (packId, sizeBytes) => this.packs.beginReceive(packId, sizeBytes, note) };
  }

  /** Puts a whole copy in the place of a damaged one, which goes only when the new one is durable. Throws as {@link FilePackStore.put}. */
  async replace(pack: SealedPack, about: HeldPack): Promise<void> {
    await this.packs.put(pack, { about: utf8(JSON.stringify(heldPack.parse(about))), replace: true });
  }

  /** Undefined when the pack is not held, or its note can't be read. */
  async about(packId: PackId): Promise<HeldPack | undefined> {
    const note = await this.packs.about(packId);
    if (!note) return undefined;
    try {
      return heldPack.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(note)));
    } catch {
      return undefined;
    }
  }

  /** Replaces the note of a pack that is held: it was asked for again. Durable when it resolves. Throws `pack_not_found`. */
  async restamp(packId: PackId, about: HeldPack): Promise<void> {
    await this.packs.setAbout(packId, utf8(JSON.stringify(heldPack.parse(about))));
  }

  /** Everything held, as it stood at the call. Packs without a readable note come without `about`. */
  async *inventory(): AsyncGenerator<StoredPack & { readonly about: HeldPack | undefined }> {
    for (const pack of this.packs.list()) yield { ...pack, about: await this.about(pack.packId) };
  }
}
