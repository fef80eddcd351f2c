import type { StoreChunk } from '#libs/vault';
import { ChunkIndex, PackWriter } from '#libs/vault';
import { systemRandom } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import type { LocalVault } from '../local-vault/local-vault.ts';
import { PackSink } from '../local-vault/pack-sink.ts';
import type { BackupCounts } from './backup-counts.ts';
import type { FinishedPack } from './data-pack-writer.ts';
import type { SealerPorts } from './sealer.ts';
import { FileSpool } from './file-spool.ts';
import { backupLimits } from './limits.ts';
import { NeededPacks } from './needed-packs.ts';

/** One run's way into the vault: which chunks are new, where sealed packs go, and the trees' own packs. */
export class BackupSession {
  readonly newPacks: PackInfo[] = [];
  readonly needed: NeededPacks;
  readonly #vault: LocalVault;
  /** Chunks promised by somebody in this run whose pack is not stored yet. */
  readonly #claimed = new ChunkIndex();
  readonly #sink: PackSink<FinishedPack>;
  readonly #meta: PackWriter;

  constructor(vault: LocalVault, counts: BackupCounts) {
    this.#vault = vault;
    this.ports = this.#portsOf(vault);
    this.needed = new NeededPacks(vault.index, vault.reader);
    this.#sink = new PackSink(async (pack) => {
      const info = await vault.storePack(pack);
      this.newPacks.push(info);
      counts.newPacks += 1;
      counts.newPackBytes += info.sizeBytes;
    }, backupLimits.packsInFlight);
    const { options, keys, vaultId, header } = vault;
    this.#meta = new PackWriter({
      primitives: options.primitives,
      random: options.random ?? systemRandom,
      vaultId,
      keys,
      epoch: header.epoch,
      kind: 'meta',
      targetBytes: header.parameters.metaPackBytes,
      compressionLevel: header.parameters.compressionLevel,
      blockHash: header.parameters.blockHash,
      // Trees are read together with their neighbours; sizes of trees tell nothing about content.
      openPacks: 1,
    });
  }

  readonly ports: SealerPorts;

  #portsOf(vault: LocalVault): SealerPorts {
    const { files, store } = vault.options;
    const { staging } = store;
    return {
      claim: async (ids) => {
        const flags = new Uint8Array(ids.length / 32);
        for (let i = 0; i < flags.length; i += 1) if (this.#claim(ids.subarray(i * 32, i * 32 + 32))) flags[i] = 1;
        return flags;
      },
      store: (pack) => this.#sink.add(pack),
      newSpool: staging && (() => FileSpool.create(files, staging.folder)),
    };
  }

  /** Stores a tree or chunk list unless it is known, and gives its id. */
  readonly storeMeta: StoreChunk = async (kind, plaintext) => {
    const id = this.#vault.chunkIds.of(kind, plaintext);
    this.needed.add(id);
    if (this.#claim(id)) for (const pack of this.#meta.add(kind, id, plaintext)) await this.#sink.add(pack);
    return id;
  };

  /** Everything is durable and announced. */
  async finish(): Promise<void> {
    for (const pack of this.#meta.flush()) await this.#sink.add(pack);
    await this.#sink.drain();
  }

  /** After a failure: waits for what is under way, so that nothing is written behind the caller's back. */
  async giveUp(): Promise<void> {
    await this.#sink.settle();
  }

  #claim(id: Uint8Array): boolean {
    return !this.#vault.index.has(id) && this.#claimed.insert(id, 0, 0, 0, 0);
  }
}
