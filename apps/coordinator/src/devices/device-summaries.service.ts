import { Injectable } from '@nestjs/common';
import type { DeviceSummary, Page, PageQuery } from '#libs/contracts';
import { isStorageOnly } from '#libs/durability';
import type { DeviceId, VaultId } from '#libs/kernel';
import { PresenceService } from '../presence/presence.service.ts';
import type { ShedView } from '../sheds/shed-views.service.ts';
import { ShedViewsService } from '../sheds/shed-views.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import type { DeviceReportCard } from './device-health.service.ts';
import { DeviceHealthService } from './device-health.service.ts';
import { DevicesService } from './devices.service.ts';

/** Devices as people see them. */
@Injectable()
export class DeviceSummariesService {
  constructor(
    private readonly devices: DevicesService,
    private readonly health: DeviceHealthService,
    private readonly presence: PresenceService,
    private readonly vaults: VaultsService,
    private readonly sheds: ShedViewsService,
  ) {}

  async page({ page, pageSize, sort = 'name', order, search }: PageQuery): Promise<Page<DeviceSummary>> {
    const cards = await this.health.of(await this.devices.agents());
    const vaults = new Map((await this.vaults.all()).map((vault) => [vault.deviceId, vault]));
    const shedOf = await this.sheds.all();
    const wanted = search?.toLowerCase() ?? '';
    const found = cards
      .map((card) => this.#summary(card, vaults.get(card.device.deviceId) ?? null, shedOf(card.device.deviceId)))
      .filter((device) =>
        [device.name, device.site, device.os, device.state, device.deviceId].some((text) => text.toLowerCase().includes(wanted)),
      )
      .sort(
        (a, b) =>
          compare(a[sort as keyof DeviceSummary], b[sort as keyof DeviceSummary]) ||
          compare(a.name, b.name) ||
          compare(a.deviceId, b.deviceId),
      );
    if (order === 'desc') found.reverse();
    return { items: found.slice((page - 1) * pageSize, page * pageSize), total: found.length, page, pageSize };
  }

  /** Throws `device_not_found`. */
  async of(deviceId: DeviceId): Promise<DeviceSummary> {
    const device = await this.devices.get(deviceId);
    const [card] = await this.health.of([device]);
    return this.#summary(card!, await this.vaults.ofDevice(deviceId), (await this.sheds.all())(deviceId));
  }

  #summary(
    { device, standing, snapshots, protectedAtMs, rpo, health }: DeviceReportCard,
    vault: { vaultId: VaultId; bytes: number } | null,
    shed: ShedView | null,
  ): DeviceSummary {
    const { deviceId, peerId, name, site, class: deviceClass, os, enrolledAtMs, signingKey, boxKey } = device;
    const { lastSeenAtMs, agentVersion, heldBytes, heldPacks, freeBytes, availableForPacksBytes } = this.presence.get(deviceId) ?? device;
    return {
      ...{ deviceId, peerId, name, site, class: deviceClass, os, agentVersion, enrolledAtMs, lastSeenAtMs, signingKey, boxKey },
      state: standing.state,
      stateReason: [standing.reason, standing.nextStep, shed?.words.reason, shed?.words.nextStep].filter(Boolean).join(' '),
      online: this.presence.isOnline(deviceId),
      vaultId: vault?.vaultId ?? null,
      lastCapturedAtMs: snapshots?.capturedAtMs ?? null,
      lastProtectedAtMs: protectedAtMs,
      rpoMet: standing.state === 'revoked' || isStorageOnly(health) ? null : rpo.met,
      incomplete: health.unread > 0 || rpo.incompleteInTime ? { unread: health.unread, inTime: rpo.incompleteInTime } : null,
      vaultBytes: vault?.bytes ?? 0,
      ...{ heldBytes, heldPacks, freeBytes, availableForPacksBytes },
      shed: shed?.shed ?? null,
      snapshots: snapshots?.snapshots ?? 0,
    };
  }
}

/** Nothing (null) sorts first; text as people sort it. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a.localeCompare(b, 'en', { numeric: true });
  return Number(a ?? -1) - Number(b ?? -1) || 0;
}
