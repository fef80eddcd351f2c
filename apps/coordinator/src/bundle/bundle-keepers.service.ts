import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { BundleView, BundleWish, Heartbeat, SignedStatement } from '#libs/contracts';
import { signedStatement } from '#libs/contracts';
import type { TeamReason } from '#libs/durability';
import { bundleStanding, planBundleKeepers } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { HeartbeatFactsRegistry } from '../presence/heartbeat-facts.ts';
import { PresenceService } from '../presence/presence.service.ts';
import type { KeeperRow } from './bundles.repository.ts';
import { BundlesRepository } from './bundles.repository.ts';

/** What a device says with every heartbeat reaches the database this often. */
const HEARD_EVERY_MS = 6 * 3_600_000;

/** Which devices keep the bundle, and which are asked to. Devices say what they have with each heartbeat, and are told what to fetch in its reply. */
@Injectable()
export class BundleKeepersService implements OnModuleInit {
  readonly #kept = new Map<DeviceId, KeeperRow>();
  #asked: ReadonlySet<DeviceId> = new Set();
  #newest: string | null = null;
  #team: Omit<BundleWish, 'keep'> = { safeSinceMs: null, worrying: false };

  constructor(
    private readonly bundles: BundlesRepository,
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly facts: HeartbeatFactsRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.facts.provide('bundle', (deviceId, heartbeat) => this.#exchange(deviceId, heartbeat.bundle));
  }

  /** Looks again who has the newest one and who is to fetch it. */
  async refresh(): Promise<void> {
    const rows = await this.bundles.keepers();
    this.#kept.clear();
    for (const row of rows) this.#kept.set(row.deviceId, row);
    const newest = await this.bundles.newest();
    this.#newest = newest?.digest ?? null;
    const members = await this.#members();
    this.#asked = new Set(
      planBundleKeepers(
        members.map(({ deviceId, site, class: deviceClass }) => {
          const kept = this.#kept.get(deviceId)?.digest;
          const hasNewest = kept !== undefined && kept === this.#newest;
          return {
            ...{ deviceId, site, class: deviceClass, online: this.presence.isOnline(deviceId) },
            ...{ hasNewest, hasOlder: kept !== undefined && !hasNewest },
          };
        }),
      ),
    );
    const { safeSinceMs, level } = this.#standing(members);
    this.#team = { safeSinceMs, worrying: level === 'warning' };
  }

  /** The newest bundle. Throws `bundle_not_found` when none was made yet. */
  async statement(): Promise<SignedStatement> {
    const newest = await this.bundles.newest();
    if (newest) return signedStatement.parse(JSON.parse(newest.statement));
    throw new CoordinatorError('bundle_not_found', 'No bundle was made yet.', {
      nextStep: 'Wait a minute: the coordinator makes one by itself.',
    });
  }

  async view(): Promise<BundleView> {
    const newest = await this.bundles.newest();
    const members = await this.#members();
    const keepers = members.flatMap(({ deviceId, name, site }) => {
      const kept = this.#kept.get(deviceId);
      return kept && kept.digest === newest?.digest ? [{ deviceId, deviceName: name, site, heardAtMs: kept.heardAtMs }] : [];
    });
    return { madeAtMs: newest?.madeAtMs ?? null, sizeBytes: newest?.sizeBytes ?? 0, keepers, ...this.#standing(members) };
  }

  /** What a person should know: the coordinator's own disk has no copy elsewhere. */
  async reasons(): Promise<TeamReason[]> {
    const { level, text, nextStep } = this.#standing(await this.#members());
    return level === 'warning' ? [{ deviceId: null, text, nextStep }] : [];
  }

  #standing(members: readonly Device[]): Omit<BundleView, 'madeAtMs' | 'sizeBytes' | 'keepers'> {
    const kept = members.flatMap(({ deviceId }) => this.#kept.get(deviceId)?.madeAtMs ?? []);
    return bundleStanding({
      nowMs: this.clock.nowMs(),
      devicesSinceMs: members.reduce<number | null>((least, one) => Math.min(least ?? one.enrolledAtMs, one.enrolledAtMs), null),
      devices: members.length,
      keptMadeAtMs: kept,
    });
  }

  async #members(): Promise<Device[]> {
    return (await this.devices.agents()).filter((device) => device.membership === 'active');
  }

  async #exchange(deviceId: DeviceId, told: Heartbeat['bundle']): Promise<BundleWish | undefined> {
    if (told === undefined) return undefined;
    await this.#note(deviceId, told);
    const keep = this.#asked.has(deviceId) && told !== this.#newest ? this.#newest : null;
    return { keep, ...this.#team };
  }

  async #note(deviceId: DeviceId, digest: string | null): Promise<void> {
    const before = this.#kept.get(deviceId);
    const heardAtMs = this.clock.nowMs();
    if (digest === null) {
      if (!before) return;
      this.#kept.delete(deviceId);
      return this.bundles.removeKeeper(deviceId);
    }
    if (before?.digest === digest && Math.abs(heardAtMs - before.heardAtMs) < HEARD_EVERY_MS) return;
    // One that this database knows nothing of counts for nothing: an older copy of it was put back.
    const madeAtMs = before?.digest === digest ? before.madeAtMs : (await this.bundles.find(digest))?.madeAtMs;
    if (madeAtMs === undefined) return;
    const row = { deviceId, digest, madeAtMs, heardAtMs };
    await this.bundles.saveKeeper(row);
    this.#kept.set(deviceId, row);
  }
}
