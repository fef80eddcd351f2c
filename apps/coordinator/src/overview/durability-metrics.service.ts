import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { isStorageOnly } from '#libs/durability';
import { BundleKeepersService } from '../bundle/bundle-keepers.service.ts';
import { DeviceHealthService } from '../devices/device-health.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { MetricsService } from '../metrics/metrics.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RepairBreakerService } from '../placement/repair-breaker.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';

/** What an alert should be made of: when each device was last protected, and how many copies packs have. Read when scraped. */
@Injectable()
export class DurabilityMetricsService implements OnModuleInit {
  constructor(
    private readonly metrics: MetricsService,
    private readonly devices: DevicesService,
    private readonly health: DeviceHealthService,
    private readonly packs: PacksService,
    private readonly breaker: RepairBreakerService,
    private readonly rebuild: RebuildStateService,
    private readonly bundle: BundleKeepersService,
  ) {}

  onModuleInit(): void {
    const registers = [this.metrics.registry];
    const { devices, health, packs, breaker, rebuild, bundle } = this;
    new Gauge({
      name: 'holdfast_device_last_protected_timestamp_seconds',
      help: 'When a device’s newest complete protected snapshot became so (an incomplete one where the policy lets it count); 0 when it has none. Without devices that only store',
      labelNames: ['device', 'name'],
      registers,
      async collect() {
        this.reset();
        for (const { device, protectedAtMs, health: own } of await health.of(await devices.agents())) {
          if (device.membership !== 'revoked' && !isStorageOnly(own))
            this.set({ device: device.deviceId, name: device.name }, (protectedAtMs ?? 0) / 1000);
        }
      },
    });
    new Gauge({
      name: 'holdfast_packs_by_effective_replicas',
      help: 'Packs by effective replicas (a doubtful holder counts one half)',
      labelNames: ['replicas'],
      registers,
      async collect() {
        this.reset();
        for (const { effective, packs: some } of await packs.byEffective()) this.set({ replicas: String(effective / 2) }, some);
      },
    });
    for (const [name, help, unit] of [
      ['holdfast_repair_backlog_bytes', 'Bytes of packs below their target', 'bytes'],
      ['holdfast_repair_backlog_packs', 'Packs below their target', 'packs'],
    ] as const) {
      new Gauge({
        ...{ name, help, registers },
        async collect() {
          this.set((await packs.backlog())[unit]);
        },
      });
    }
    new Gauge({
      name: 'holdfast_repair_frozen',
      help: '1 while an outage, or a coordinator that gets its memory back, stops repair',
      registers,
      async collect() {
        this.set((await breaker.current()).open || (await rebuild.isFrozen()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'holdfast_rebuild_frozen',
      help: '1 while the coordinator gets its memory back: nothing is repaired, released or trimmed',
      registers,
      async collect() {
        this.set((await rebuild.isFrozen()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'holdfast_rebuild_devices_waited_for',
      help: 'Devices that have not reported what they hold since the coordinator lost its memory; 0 when it never did',
      registers,
      async collect() {
        this.set((await rebuild.view()).waitingFor.length);
      },
    });
    new Gauge({
      name: 'holdfast_bundle_safe_timestamp_seconds',
      help: 'When the newest bundle was made that enough devices keep for a new coordinator; 0 when none is',
      registers,
      async collect() {
        this.set(((await bundle.view()).safeSinceMs ?? 0) / 1000);
      },
    });
    new Gauge({
      name: 'holdfast_bundle_keepers',
      help: 'Devices that keep the newest bundle for a new coordinator',
      registers,
      async collect() {
        this.set((await bundle.view()).keepers.length);
      },
    });
  }
}
