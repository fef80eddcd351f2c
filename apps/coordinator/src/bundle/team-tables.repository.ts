import { Injectable } from '@nestjs/common';
import type { BundleContent, BundledDevice } from '#libs/contracts';
import { policy as policySchema, policyOverride } from '#libs/contracts';
import { AccountEntity } from '../accounts/account.entity.ts';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity.ts';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { DeviceEntity } from '../devices/device.entity.ts';
import { DeviceMarkEntity } from '../devices/device-mark.entity.ts';
import { DevicePolicyEntity, TeamPolicyEntity } from '../policies/policy.entity.ts';
import { MemoryEntity } from '../rebuild/memory.entity.ts';
import { RosterVersionEntity } from '../roster/roster.entity.ts';
import { TeamEntity } from '../team/team.entity.ts';

/** One is added whenever the coordinator loses something: a thousand is a lifetime of bad luck. */
const MEMORIES = 1000;

/** The part of a bundle that is rows of the database. */
export type TeamTables = Pick<BundleContent, 'team' | 'roster' | 'devices' | 'marks' | 'policies' | 'accounts' | 'auditLog' | 'memories'>;
export interface StoredTeam {
  readonly keys: { readonly teamId: string; readonly rootKey: string; readonly recoveryKey: string };
  readonly tables: TeamTables;
}

/**
 * Copies the tables that no agent can tell again into a bundle, and back into an empty database. It knows the tables of several features because copying them
 * whole is all that it does: no rule of theirs is applied on the way.
 */
@Injectable()
export class TeamTablesRepository {
  constructor(private readonly database: Database) {}

  /** As of one moment. Null before the team was founded. */
  read(): Promise<StoredTeam | null> {
    return this.database.write(async (manager) => {
      const team = await manager.findOneBy(TeamEntity, { id: 1 });
      if (!team) return null;
      const { teamId, rootKey, recoveryKey, document, coordinatorDeviceId, createdAtMs } = team;
      const rosterRow = await manager.findOneBy(RosterVersionEntity, { id: 1 });
      const devices = await manager.find(DeviceEntity, { order: { enrolledAtMs: 'ASC', deviceId: 'ASC' } });
      const marks = await manager.find(DeviceMarkEntity, { order: { deviceId: 'ASC' } });
      const teamPolicy = await manager.findOneBy(TeamPolicyEntity, { id: 1 });
      const overrides = await manager.find(DevicePolicyEntity, { order: { deviceId: 'ASC' } });
      const accounts = await manager.find(AccountEntity, { order: { createdAtMs: 'ASC', userId: 'ASC' } });
      const memories = await manager.find(MemoryEntity, { order: { ordinal: 'DESC' }, take: MEMORIES });
      const last = await manager.findOne(AuditEntryEntity, { where: {}, order: { sequence: 'DESC' } });
      return {
        keys: { teamId, rootKey, recoveryKey },
        tables: {
          team: { document, coordinatorDeviceId, createdAtMs },
          roster: { version: rosterRow?.version ?? 0, changedAtMs: rosterRow?.changedAtMs ?? 0 },
          devices: devices.map(toBundled),
          marks: marks
            .filter((mark) => mark.lostAtMs !== null || mark.awayUntilMs !== null)
            .map(({ deviceId, lostAtMs, awayUntilMs }) => ({ deviceId, lostAtMs, awayUntilMs })),
          policies: {
            team: teamPolicy && { version: teamPolicy.version, policy: teamPolicy.policy },
            devices: overrides.map(({ deviceId, version, override }) => ({ deviceId, version, override })),
          },
          accounts: accounts.map(({ userId, email, name, role, passwordHash, createdAtMs }) => ({
            ...{ userId, email, name, role, passwordHash, createdAtMs },
          })),
          memories: memories.map(({ memoryId, ordinal, mark, sinceMs }) => ({ memoryId, ordinal, mark, sinceMs })),
          auditLog: { entries: last?.sequence ?? 0, head: last?.hash ?? '' },
        },
      };
    });
  }

  async isEmpty(): Promise<boolean> {
    return (await this.database.read.countBy(TeamEntity, {})) === 0 && (await this.database.read.countBy(DeviceEntity, {})) === 0;
  }

  /**
   * Into an empty database; part of the caller's transaction. Gives back what was left out, in plain words: a policy that this version does not take.
   */
  async write(team: Omit<TeamEntity, 'id'>, tables: TeamTables): Promise<string[]> {
    const leftOut: string[] = [];
    await this.database.write(async (manager) => {
      await manager.insert(TeamEntity, { ...team, id: 1 });
      await manager.insert(RosterVersionEntity, { id: 1, ...tables.roster });
      for (const batch of inBatches(tables.devices, 24)) await manager.insert(DeviceEntity, batch.map(toRow));
      const nothing = { reconcilingSinceMs: null, inventoryEndedAtMs: null, presence: '', presenceHourMs: null };
      for (const batch of inBatches(tables.marks, 8))
        await manager.insert(
          DeviceMarkEntity,
          batch.map((mark) => ({ ...mark, ...nothing })),
        );
      for (const batch of inBatches(tables.accounts, 8)) await manager.insert(AccountEntity, batch);
      const teamPolicy = tables.policies.team;
      const whole = teamPolicy && policySchema.safeParse(teamPolicy.policy);
      if (teamPolicy && whole?.success) await manager.insert(TeamPolicyEntity, { id: 1, version: teamPolicy.version, policy: whole.data });
      else if (whole) leftOut.push('The team’s policy is of another version and was left out: set it again in the panel.');
      const names = new Map(tables.devices.map((device) => [device.deviceId, device.name]));
      for (const { deviceId, version, override } of tables.policies.devices) {
        const parsed = policyOverride.safeParse(override);
        if (parsed.success) await manager.insert(DevicePolicyEntity, { deviceId, version, override: parsed.data });
        else leftOut.push(`What the policy says of ${names.get(deviceId) ?? deviceId} alone is of another version and was left out.`);
      }
    });
    return leftOut;
  }
}

function toBundled(device: DeviceEntity): BundledDevice {
  const { deviceId, peerId, name, site, class: deviceClass, membership, os, agentVersion, signingKey, boxKey } = device;
  const { addresses, enrolledAtMs, joinLinkId, revokedAtMs, lastSeenAtMs, note } = device;
  return {
    ...{ deviceId, peerId, name, site, class: deviceClass, membership, os, agentVersion, signingKey, boxKey },
    ...{ addresses, enrolledAtMs, joinLinkId, revokedAtMs, lastSeenAtMs, note },
  };
}

/** What it holds and has room for it says with its next heartbeat. */
const toRow = ({ addresses, ...device }: BundledDevice) => ({
  ...device,
  addresses: [...addresses],
  leaving: false,
  ...{ freeBytes: 0, availableForPacksBytes: 0, heldBytes: 0, heldPacks: 0 },
});
