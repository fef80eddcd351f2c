import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { KeptHead } from '#libs/contracts';
import type { Clock, DeviceId, VaultId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import type { VaultHead } from '#libs/vault';
import { decodeHead, headContinues } from '#libs/vault';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { KeptHeadsRepository } from './kept-heads.repository.ts';
import { VaultsRepository } from './vaults.repository.ts';

/** Of backups that go on as they should one head a week is kept: six of them are there at any time, of some hundred KiB each. */
const KEEP_EVERY_MS = 7 * 24 * 60 * 60 * 1000;

interface OwnedVault {
  readonly vaultId: VaultId;
  readonly deviceId: DeviceId;
}

/**
 * Heads as far as they can be read without a key, and those that were replaced. An owner that was taken over can sign a head
 * without history; the head before it stays here, so that whatever holders still keep can be restored.
 */
@Injectable()
export class KeptHeadsService {
  constructor(
    private readonly heads: KeptHeadsRepository,
    private readonly vaults: VaultsRepository,
    private readonly devices: DevicesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The vault's newest head, or undefined: none came yet, or it is not signed by its owner. */
  async current(vault: OwnedVault): Promise<VaultHead | undefined> {
    const stored = await this.stored(vault.vaultId);
    return stored === null ? undefined : this.read(vault.deviceId, stored);
  }

  /** As stored, base64url; null: none came yet. */
  async stored(vaultId: VaultId): Promise<string | null> {
    return (await this.vaults.document(vaultId))?.head ?? null;
  }

  /** Undefined unless the device's key signed it. */
  async read(deviceId: DeviceId, head: string): Promise<VaultHead | undefined> {
    const { signingKey } = await this.devices.get(deviceId);
    try {
      return decodeHead(fromBase64Url(head), fromBase64Url(signingKey));
    } catch {
      return undefined;
    }
  }

  /** Keeps the present head; for one that is about to be replaced. Part of the caller's transaction. */
  async keep(vault: OwnedVault): Promise<void> {
    const head = await this.stored(vault.vaultId);
    if (head === null) return;
    const read = await this.read(vault.deviceId, head);
    await this.heads.insert({
      ...{ keptHeadId: randomUUID(), vaultId: vault.vaultId, headSequence: read?.sequence ?? 0, keptAtMs: this.clock.nowMs(), head },
      snapshots: (read?.snapshots ?? []).map((s) => s.sequence),
    });
  }

  /**
   * As {@link keep}, unless the new head leads to every snapshot that the present one leads to, by the same way, and one was kept this week. What a new
   * index pack says can't be read here: should it lead astray, a head from before it is there all the same.
   */
  async keepUnlessContinued(vault: OwnedVault & { readonly createdAtMs: number }, newHead: string): Promise<void> {
    const before = await this.current(vault);
    if (!before) return;
    const next = await this.read(vault.deviceId, newHead);
    const keptAtMs = (await this.heads.newestAtMs(vault.vaultId)) ?? vault.createdAtMs;
    if (!next || !headContinues(before, next) || this.clock.nowMs() - keptAtMs >= KEEP_EVERY_MS) await this.keep(vault);
  }

  /**
   * Makes the newest kept head that lists all of these snapshots the vault's head again, unless the present one does; so that a
   * reader finds them. The owner's next head replaces it. Part of the caller's transaction.
   */
  async putBack(vault: OwnedVault, sequences: readonly number[]): Promise<void> {
    const listsAll = (listed: readonly number[]): boolean => sequences.every((sequence) => listed.includes(sequence));
    const present = await this.current(vault);
    if (present && listsAll(present.snapshots.map((s) => s.sequence))) return;
    const before = (await this.heads.ofVault(vault.vaultId)).find((kept) => listsAll(kept.snapshots));
    if (!before) return;
    await this.keep(vault);
    await this.vaults.update(vault.vaultId, { head: before.head });
  }

  /** The vault was given up and nothing of it is left: it has no head any more. Part of the caller's transaction. */
  async clear(vaultId: VaultId): Promise<void> {
    await this.vaults.update(vaultId, { head: null, headSequence: null });
  }

  /** Newest first. */
  async list(vaultId: VaultId): Promise<KeptHead[]> {
    return (await this.heads.ofVault(vaultId)).map(({ headSequence, keptAtMs, snapshots, head }) => ({
      ...{ headSequence, keptAtMs, snapshots },
      sizeBytes: Math.floor((head.length * 3) / 4),
    }));
  }

  /** The bytes of a kept head, base64url. Throws `head_not_found`. */
  async get(vaultId: VaultId, headSequence: number): Promise<string> {
    const kept = await this.heads.find(vaultId, headSequence);
    if (!kept) throw new CoordinatorError('head_not_found', `No head ${headSequence} of this vault is kept.`, { context: { vaultId } });
    return kept.head;
  }

  purge(beforeMs: number, exceptVaults: readonly VaultId[]): Promise<void> {
    return this.heads.purge(beforeMs, exceptVaults);
  }
}
