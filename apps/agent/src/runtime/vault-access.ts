import { nodePrimitives } from '#libs/crypto/node';
import { type LocalVault, type LocalVaultOptions, type OnPack } from '#libs/engine';
import { Mutex, type RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { FilePackStore } from '#libs/swarm';
import type { BlockSource } from '#libs/vault';
import { AgentError } from '../errors.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import { readVaultKey } from '../identity/vault-key.ts';
import type { Healed } from '../reading/heal-vault.ts';

export interface VaultAccessPorts {
  readonly paths: AgentPaths;
  readonly files: DurableFiles;
  readonly identity: DeviceIdentity;
  readonly own: FilePackStore;
  readonly random: RandomSource;
  /** See `LocalVaultOptions.onPack`. */
  readonly onPack: OnPack;
  /** Keep it open this long after the last use; 0 closes at once. */
  readonly lingerMs: number;
  /** Tries to put right what keeps the vault from opening; says what was replaced. */
  readonly heal: (failure: unknown) => Promise<Healed[]>;
}

/**
 * The device's own vault, open while somebody uses it and a little longer: its index costs memory that an idle daemon
 * should not have.
 */
export class VaultAccess {
  readonly #ports: VaultAccessPorts;
  readonly #opening = new Mutex();
  #vault: LocalVault | undefined;
  #healed: Healed[] = [];
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: VaultAccessPorts) {
    this.#ports = ports;
  }

  /** Runs `work` with the open vault. Throws what `LocalVault.open` throws. */
  async use<T>(work: (vault: LocalVault) => Promise<T>): Promise<T> {
    const vault = await this.#opening.run(async () => {
      this.#vault ??= await this.#openOrHeal();
      this.#users += 1;
      clearTimeout(this.#timer);
      return this.#vault;
    });
    try {
      return await work(vault);
    } finally {
      this.#users -= 1;
      if (this.#users === 0 && this.#ports.lingerMs > 0) {
        this.#timer = setTimeout(() => void this.close().catch(() => undefined), this.#ports.lingerMs);
        this.#timer.unref();
      } else if (this.#users === 0) {
        await this.close();
      }
    }
  }

  /**
   * Runs `work` alone with the vault opened for a repair: also from `otherSources`, and although index packs are lost. Throws `busy` while somebody
   * uses it.
   */
  async useForRepair<T>(otherSources: readonly BlockSource[], work: (vault: LocalVault) => Promise<T>): Promise<T> {
    return this.#opening.run(async () => {
      if (this.#users > 0)
        throw new AgentError('busy', 'the vault is in use', { status: 'temporary', nextStep: 'Wait until the running backup is over.' });
      clearTimeout(this.#timer);
      await this.#vault?.close();
      this.#vault = undefined;
      const vault = await this.#open({ otherSources, despiteLostIndexPacks: true });
      try {
        return await work(vault);
      } finally {
        await vault.close();
      }
    });
  }

  /** What had to be replaced to open the vault since the last call. */
  takeHealed(): Healed[] {
    const healed = this.#healed;
    this.#healed = [];
    return healed;
  }

  /** 32 bytes. Throws `home_corrupt`. */
  masterKey(): Promise<Uint8Array> {
    return readVaultKey(this.#ports.files, this.#ports.paths.vaultKey);
  }

  /** Does nothing while somebody uses it. */
  async close(): Promise<void> {
    await this.#opening.run(async () => {
      if (this.#users > 0) return;
      clearTimeout(this.#timer);
      const vault = this.#vault;
      this.#vault = undefined;
      await vault?.close();
    });
  }

  async #openOrHeal(): Promise<LocalVault> {
    try {
      return await this.#open();
    } catch (failure) {
      const healed = await this.#ports.heal(failure);
      if (healed.length === 0) throw failure;
      this.#healed.push(...healed);
      return this.#open();
    }
  }

  async #open(options: Pick<LocalVaultOptions, 'otherSources' | 'despiteLostIndexPacks'> = {}): Promise<LocalVault> {
    const { LocalVault } = await import('#libs/engine');
    const { paths, files, identity, own, random, onPack } = this.#ports;
    return LocalVault.open({
      files,
      folder: paths.vault,
      store: own,
      primitives: nodePrimitives(),
      masterKey: await this.masterKey(),
      signingKeyPair: identity.signing,
      onPack,
      random,
      ...options,
    });
  }
}
