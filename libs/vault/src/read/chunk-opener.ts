import type { Primitives, Sealer, VaultKeys } from '#libs/crypto';
import { deriveVaultKeys } from '#libs/crypto/vault-keys';
import type { PackId, VaultId } from '#libs/kernel';
import { equalBytes, isAppError } from '#libs/kernel';
import { associatedDataFor } from '../chunk/associated-data.ts';
import { type ChunkIds, createChunkIds } from '../chunk/chunk-id.ts';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { isStoredRaw } from '../chunk/stored-form.ts';
import { VaultError } from '../errors.ts';
import { lengthsAllowed } from '../pack/pack-directory.ts';
import type { PackKind } from '../ports.ts';
import { LeastRecent } from './least-recent.ts';
import type { OpenRoom } from './open-room.ts';

/** What of a pack is needed to open its chunks. */
export interface OpenablePack {
  readonly packId: PackId;
  readonly kind: PackKind;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
}

export interface ChunkPlace {
  readonly offset: number;
  readonly sealedLength: number;
  readonly plainLength: number;
}

/** Passes between threads of one process and nowhere else: it has keys. */
export interface OpenerSeed {
  readonly vaultId: VaultId;
  readonly keys: readonly (readonly [epoch: number, keys: VaultKeys])[];
}

/** Opens sealed regions of packs with the vault's keys. Memory: subkeys and sealers of the packs used last. */
export class ChunkOpener {
  readonly ids: ChunkIds;
  readonly vaultId: VaultId;
  readonly #primitives: Primitives;
  /** Absent in an opener that was made from a seed. */
  readonly #masterKey: Uint8Array | undefined;
  readonly #keys: Map<number, VaultKeys>;
  readonly #sealers = new LeastRecent<PackId, Sealer>(64);
  readonly #associatedData: ReturnType<typeof associatedDataFor>;

  /** `key`: the master key, or the seed of another opener of the same vault. */
  constructor(primitives: Primitives, key: Uint8Array | OpenerSeed, vaultId: VaultId) {
    this.#primitives = primitives;
    this.#masterKey = key instanceof Uint8Array ? key.slice() : undefined;
    this.#keys = new Map(key instanceof Uint8Array ? [] : key.keys);
    this.vaultId = vaultId;
    this.ids = createChunkIds(primitives, this.keys(0).chunkId);
    this.#associatedData = associatedDataFor(vaultId);
  }

  /** What another thread needs to make an opener for packs of these epochs, without loading the library that derives keys. */
  seed(epochs: Iterable<number>): OpenerSeed {
    return { vaultId: this.vaultId, keys: [...new Set([0, ...epochs])].map((epoch) => [epoch, this.keys(epoch)]) };
  }

  keys(epoch: number): VaultKeys {
    let keys = this.#keys.get(epoch);
    if (!keys) {
      if (!this.#masterKey) throw new VaultError('wrong_key', `the keys of epoch ${epoch} are not at hand`);
      this.#keys.set(epoch, (keys = deriveVaultKeys(this.#masterKey, epoch)));
    }
    return keys;
  }

  /**
   * A chunk's plaintext from its sealed bytes. Throws `chunk_corrupt` when the seal, the compression or the id do not
   * fit, `limit_exceeded` when the lengths are beyond what the format allows; allocates `plainLength` bytes at most.
   * With a `room` the plaintext stands there, until the next chunk is opened into it.
   */
  open(
    pack: OpenablePack,
    kind: ChunkKind,
    id: Uint8Array,
    place: ChunkPlace,
    sealed: Uint8Array,
    room?: Pick<OpenRoom, 'stored' | 'plain'>,
  ): Uint8Array {
    const { offset, sealedLength, plainLength } = place;
    const context = { packId: pack.packId, region: `${kind} chunk`, offset };
    if (!lengthsAllowed(kind, sealedLength, plainLength) || sealed.length !== sealedLength) {
      throw new VaultError(
        'limit_exceeded',
        `pack ${pack.packId}: ${kind} chunk at offset ${offset} has impossible lengths (${sealedLength}, ${plainLength})`,
        { context },
      );
    }
    const isRaw = isStoredRaw(sealedLength, plainLength);
    const stored = this.openRegion(pack, kind, offset, sealed, id, 'chunk_corrupt', room?.[isRaw ? 'plain' : 'stored'](sealedLength));
    let plaintext = stored;
    if (!isRaw) {
      try {
        plaintext = this.#primitives.decompress(stored, plainLength, room?.plain(plainLength));
      } catch (cause) {
        throw new VaultError(
          'chunk_corrupt',
          `pack ${pack.packId}: ${kind} chunk at offset ${offset} does not decompress to ${plainLength} bytes`,
          { context, cause },
        );
      }
    }
    if (!equalBytes(this.ids.of(kind, plaintext), id)) {
      throw new VaultError('chunk_corrupt', `pack ${pack.packId}: ${kind} chunk at offset ${offset} is not the one that its id names`, {
        context,
      });
    }
    return plaintext;
  }

  /** Opens any sealed region; no id for directory and trailer. `into`: see {@link Sealer.open}. */
  openRegion(
    pack: OpenablePack,
    kind: ChunkKind,
    offset: number,
    sealed: Uint8Array,
    id: Uint8Array | undefined,
    code: 'chunk_corrupt' | 'pack_corrupt',
    into?: Uint8Array,
  ): Uint8Array {
    let sealer = this.#sealers.get(pack.packId);
    if (!sealer) this.#sealers.set(pack.packId, (sealer = this.#primitives.sealer(this.keys(pack.epoch)[pack.kind], pack.noncePrefix)));
    try {
      return sealer.open(offset, sealed, this.#associatedData(kind, offset, id), into);
    } catch (cause) {
      if (!isAppError(cause)) throw cause;
      const region = kind === 'directory' || kind === 'trailer' ? kind : `${kind} chunk`;
      throw new VaultError(code, `pack ${pack.packId}: ${region} at offset ${offset} does not open: altered, or not of this vault`, {
        context: { packId: pack.packId, region, offset },
        cause,
      });
    }
  }
}
