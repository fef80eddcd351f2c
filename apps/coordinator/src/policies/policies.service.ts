import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { DevicePolicy, Policy, PolicyOverride } from '#libs/contracts';
import { defaultPolicy } from '#libs/contracts';
import type { ReplicaGoal } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { isValidCron } from '../config/cron.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { HeartbeatFactsRegistry } from '../presence/heartbeat-facts.ts';
import { PoliciesRepository } from './policies.repository.ts';

/** Told after a commit that changed how many replicas are wanted, or by which rules they are counted. */
export type GoalsListener = () => void;

/** What the team and each device are to do: schedule, folders, retention, replicas. Versions only grow, so an agent sees a change by comparing. */
@Injectable()
export class PoliciesService implements OnModuleInit {
  readonly #listeners: GoalsListener[] = [];

  constructor(
    private readonly policies: PoliciesRepository,
    private readonly devices: DevicesService,
    private readonly database: Database,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    private readonly facts: HeartbeatFactsRegistry,
  ) {}

  onModuleInit(): void {
    this.facts.provide('policyVersion', (deviceId) => this.versionOf(deviceId));
  }

  async team(): Promise<{ version: number; team: Policy }> {
    const row = await this.policies.team();
    return { version: row?.version ?? 1, team: row?.policy ?? defaultPolicy };
  }

  /** Throws `device_not_found`. */
  async ofDevice(deviceId: DeviceId): Promise<DevicePolicy> {
    await this.devices.get(deviceId);
    return this.#effective(deviceId);
  }

  /** What a heartbeat answers: grows with every change that concerns this device. */
  async versionOf(deviceId: DeviceId): Promise<number> {
    return (await this.#effective(deviceId)).version;
  }

  /** How many replicas each owner's packs should have. One read of the table; ask once a batch. */
  async goals(): Promise<(owner: DeviceId) => ReplicaGoal> {
    const { team } = await this.team();
    const own = new Map(
      (await this.policies.overrides()).flatMap((row) => (row.override.replicas ? [[row.deviceId, row.override.replicas]] : [])),
    );
    return (owner) => own.get(owner) ?? team.replicas;
  }

  /** Effective policies of many devices with one read of the tables. */
  async effectiveOf(): Promise<(deviceId: DeviceId) => Policy> {
    const { team } = await this.team();
    const own = new Map((await this.policies.overrides()).map((row) => [row.deviceId, row.override]));
    return (deviceId) => ({ ...team, ...own.get(deviceId) });
  }

  onGoalsChanged(listener: GoalsListener): void {
    this.#listeners.push(listener);
  }

  /** Throws `policy_invalid`. */
  async setTeam(policy: Policy, person: CurrentPerson): Promise<{ version: number; team: Policy }> {
    checkCron(policy);
    return this.database.write(async () => {
      const before = await this.team();
      const version = before.version + 1;
      await this.policies.saveTeam(version, policy);
      await this.auditLog.record({
        actor: person.email,
        action: 'policy.change',
        subject: 'team',
        detail: { version, changed: changedParts(before.team, policy) },
      });
      this.events.publishAllAgents({ event: 'policy', version });
      this.#published(before.team, policy);
      return { version, team: policy };
    });
  }

  /** Throws `device_not_found` or `policy_invalid`. An empty override returns the device to the team's policy. */
  async setDevice(deviceId: DeviceId, override: PolicyOverride, person: CurrentPerson): Promise<DevicePolicy> {
    checkCron(override);
    return this.database.write(async () => {
      const device = await this.devices.get(deviceId);
      const before = await this.#effective(deviceId);
      const row = await this.policies.device(deviceId);
      await this.policies.saveDevice(deviceId, (row?.version ?? 0) + 1, override);
      const after = await this.#effective(deviceId);
      await this.auditLog.record({
        actor: person.email,
        action: 'policy.change',
        subject: device.name,
        deviceId,
        detail: { version: after.version, changed: changedParts(before.effective, after.effective) },
      });
      this.events.publishAgent(deviceId, { event: 'policy', version: after.version });
      this.#published(before.effective, after.effective, deviceId);
      return after;
    });
  }

  async #effective(deviceId: DeviceId): Promise<DevicePolicy> {
    const { version, team } = await this.team();
    const own = await this.policies.device(deviceId);
    const override = own?.override ?? {};
    // Both parts only grow, so the sum does; nothing compares versions of different devices.
    return { version: version + (own?.version ?? 0), effective: { ...team, ...override }, override };
  }

  #published(before: Policy, after: Policy, deviceId?: DeviceId): void {
    this.events.publishPanel(deviceId ? { event: 'policies', deviceId } : { event: 'policies' });
    const recount = changedParts(before, after).some((part) => part === 'replicas' || part === 'durability');
    if (recount) this.database.afterCommit(() => this.#listeners.forEach((listener) => listener()));
  }
}

const changedParts = (before: Policy, after: Policy): string[] =>
  ([...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Policy)[]).filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
  );

function checkCron(policy: PolicyOverride): void {
  const cron = policy.schedule?.cron;
  if (cron === undefined || isValidCron(cron)) return;
  throw new CoordinatorError('policy_invalid', `"${cron}" is not a cron expression.`, {
    nextStep: 'Use five fields (minute hour day month weekday), such as "0 18 * * *" for every day at 18:00.',
  });
}
