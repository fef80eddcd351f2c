import { Inject, Injectable } from '@nestjs/common';
import type { VaultDocument } from '#libs/contracts';
import type { Clock, DeviceId, VaultId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import type { VaultHeader } from '#libs/vault';
import { decodeHeader, headerLoss } from '#libs/vault';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { KeptHeadsService } from './kept-heads.service.ts';
import type { VaultRow } from './vaults.repository.ts';
import { VaultsRepository } from './vaults.repository.ts';

export type Vault = Readonly<VaultRow>;

/** Who owns which vault, and its documents as stored bytes. The coordinator can't open any of them. */
@Injectable()
export class VaultsService {
  constructor(
    private readonly vaults: VaultsRepository,
    private readonly devices: DevicesService,
    private readonly heads: KeptHeadsService,
    private readonly auditLog: AuditLogService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  all(): Promise<Vault[]> {
    return this.vaults.all();
  }

  /** Throws `vault_not_found`. */
  async get(vaultId: VaultId): Promise<Vault> {
    const vault = await this.vaults.find(vaultId);
    if (!vault) throw notFound(vaultId);
    return vault;
  }

  ofDevice(deviceId: DeviceId): Promise<Vault | null> {
    return this.vaults.ofDevice(deviceId);
  }

  /**
   * The device's vault of that id; the first use claims it. Throws `vault_not_yours` for another device's vault, and when the
   * device already has one: a device has one vault for good.
   */
  async claim(vaultId: VaultId, deviceId: DeviceId): Promise<Vault> {
    return this.database.write(async () => {
      const known = await this.vaults.find(vaultId);
      if (known?.deviceId === deviceId) return known;
      const own = await this.vaults.ofDevice(deviceId);
      if (known || own) {
        throw new CoordinatorError(
          'vault_not_yours',
          known ? 'This vault belongs to another device.' : 'This device already has another vault.',
          {
            context: { vaultId, deviceId },
            nextStep: 'Use the device’s own vault; a machine that starts over joins the team as a new device.',
          },
        );
      }
      await this.vaults.insert(vaultId, deviceId, this.clock.nowMs());
      return (await this.vaults.find(vaultId))!;
    });
  }

  /**
   * Keeps the newest header (key slots, parameters); an older one changes nothing. Throws `vault_not_yours`, and `header_invalid` for one that takes away
   * what a recovery key opens the vault with: a machine that was taken over may not lock its history away.
   */
  async putHeader(deviceId: DeviceId, vaultId: VaultId, header: string): Promise<void> {
    await this.database.write(async () => {
      await this.claim(vaultId, deviceId);
      const before = (await this.vaults.document(vaultId))?.header;
      if (before === header || (before && !mayFollow(before, header))) return;
      await this.vaults.update(vaultId, { header, headerAtMs: this.clock.nowMs() });
      const device = await this.devices.get(deviceId);
      // A new header may carry other key slots: who can open the vault has changed, so it leaves a trace.
      await this.auditLog.record({ actor: `device ${device.name}`, action: 'vault.header', subject: vaultId, deviceId });
    });
  }

  /**
   * The newest head; the caller has checked that it may follow. The one before is kept when this one drops snapshots or leads to them otherwise. Part
   * of the caller's transaction.
   */
  async storeHead(vault: Vault, head: string, headSequence: number | null): Promise<void> {
    await this.heads.keepUnlessContinued(vault, head);
    await this.vaults.update(vault.vaultId, { head, headSequence });
  }

  /** A snapshot of that sequence came back from its owner. Part of the caller's transaction. */
  async raiseHeadSequence(vault: Vault, sequence: number): Promise<void> {
    if (sequence > (vault.headSequence ?? 0)) await this.vaults.update(vault.vaultId, { headSequence: sequence });
  }

  /** Sums of packs and bytes from the packs that are there: some were lost. Part of the caller's transaction. */
  recountPacks(): Promise<void> {
    return this.vaults.recountPacks();
  }

  /** Negative numbers when packs are gone everywhere. */
  async addPacks(vault: Vault, packs: number, bytes: number): Promise<void> {
    await this.vaults.update(vault.vaultId, { packs: vault.packs + packs, bytes: vault.bytes + bytes });
  }

  /** For whoever has a key. Throws `vault_not_found` also for a vault whose header has not arrived. */
  async document(vaultId: VaultId): Promise<VaultDocument> {
    const vault = await this.vaults.document(vaultId);
    if (!vault?.header) throw notFound(vaultId);
    const device = await this.devices.get(vault.deviceId);
    const { header, head, headSequence } = vault;
    return { vaultId, deviceId: vault.deviceId, deviceName: device.name, header, head, headSequence };
  }

  /** As {@link document}, with a line in the audit log. */
  async documentFor(reader: { readonly actor: string; readonly deviceId?: DeviceId }, vaultId: VaultId): Promise<VaultDocument> {
    const document = await this.document(vaultId);
    // Owners read their own vault at every run; that is no news.
    if (reader.deviceId !== document.deviceId) {
      await this.auditLog.record({
        actor: reader.actor,
        action: 'vault.read',
        subject: document.deviceName,
        deviceId: document.deviceId,
        detail: { vaultId },
      });
    }
    return document;
  }

  /** Vaults that have a header, each without its head: a head may be large, so it is only given with the one vault that is asked for. */
  async list(): Promise<VaultDocument[]> {
    const names = new Map((await this.devices.members()).map((d) => [d.deviceId, d.name]));
    const rows = await this.vaults.withHeaders();
    return rows.map(({ vaultId, deviceId, header, headSequence }) => ({
      vaultId,
      deviceId,
      deviceName: names.get(deviceId) ?? '',
      header: header!,
      head: null,
      headSequence,
    }));
  }
}

const notFound = (vaultId: VaultId): CoordinatorError =>
  new CoordinatorError('vault_not_found', 'There is no such vault.', { context: { vaultId } });

/** False for one that is older. What is kept and can't be read (of before this was checked) is followed by anything. Throws `header_invalid`. */
function mayFollow(before: string, next: string): boolean {
  const kept = readHeader(before);
  if (!kept) return true;
  const offered = readHeader(next);
  const loss = offered ? headerLoss(kept, offered) : 'it can’t be read';
  if (!offered || loss !== undefined)
    throw new CoordinatorError('header_invalid', `The vault’s new header is refused: ${loss}.`, {
      nextStep:
        'The one before stays. If nobody changed keys on this machine, look who has taken it over; its backups can still be restored.',
    });
  return offered.sequence >= kept.sequence;
}

function readHeader(header: string): VaultHeader | undefined {
  try {
    return decodeHeader(fromBase64Url(header));
  } catch {
    return undefined;
  }
}
