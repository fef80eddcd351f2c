import { cryptoReady, newMasterKey, newSigningKeyPair, newBoxKeyPair } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DurableFiles } from '#libs/kernel/node';
import { nodeFiles } from '#libs/kernel/node';
import { type Clock, systemClock } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { BlockSource, PackInfo, PackStore, VaultParameters } from '#libs/vault';
import { LocalVault } from '../local-vault/local-vault.ts';
import { openReader } from '../open-reader.ts';

/** A vault with its keys, opened and closed at will. Small packs, so that little data makes several. */
export interface VaultFixture {
  readonly folder: string;
  readonly store: PackStore;
  readonly announced: PackInfo[];
  open(overrides?: {
    files?: DurableFiles;
    store?: PackStore;
    otherSources?: BlockSource[];
    despiteLostIndexPacks?: boolean;
  }): Promise<LocalVault>;
  create(): Promise<LocalVault>;
  reader(vault: LocalVault, sources?: readonly BlockSource[]): ReturnType<typeof openReader>;
}

const smallPacks: Partial<VaultParameters> = { dataPackBytes: 2 * 1024 * 1024, metaPackBytes: 256 * 1024 };

export async function vaultFixture(
  folder: string,
  store: PackStore,
  parameters: Partial<VaultParameters> = smallPacks,
  seed = 5,
  clock: Pick<Clock, 'nowMs'> = systemClock,
): Promise<VaultFixture> {
  await cryptoReady();
  const random = seededRandom(seed);
  const primitives = nodePrimitives();
  const masterKey = newMasterKey(random);
  const signingKeyPair = newSigningKeyPair(random);
  const recovery = newBoxKeyPair(random);
  const announced: PackInfo[] = [];
  const base = {
    files: nodeFiles,
    folder,
    store,
    primitives,
    masterKey,
    signingKeyPair,
    clock: { ...systemClock, nowMs: () => clock.nowMs() },
    onPack: (pack: PackInfo) => {
      announced.push(pack);
    },
  };
  return {
    folder,
    store,
    announced,
    create: () => LocalVault.create({ ...base, slots: [{ kind: 'recovery', publicKey: recovery.publicKey, label: 'test' }], parameters }),
    open: (overrides = {}) => LocalVault.open({ ...base, ...overrides }),
    reader: (vault, sources = [store]) =>
      openReader({ primitives, masterKey, headerBytes: vault.headerBytes, headBytes: vault.headBytes, sources }),
  };
}
