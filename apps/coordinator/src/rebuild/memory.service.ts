import { randomUUID } from 'node:crypto';
import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Heartbeat, HeartbeatReply, Memory, SignedStatement } from '#libs/contracts';
import { memory as memorySchema } from '#libs/contracts';
import { openStatement, peekStatement } from '#libs/crypto';
import { showsLoss } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { TeamService } from '../team/team.service.ts';
import type { MemoryRow } from './memories.repository.ts';
import { MemoriesRepository } from './memories.repository.ts';

type LossListener = (present: MemoryRow) => Promise<void>;

/**
 * Notices that the database is older than the team, or was emptied. Every device keeps a signed note of how far the coordinator was and
 * shows it with each heartbeat; at each start the database is also asked whether it contradicts itself. Signed, so that no device can
 * make a loss up.
 */
@Injectable()
export class MemoryService implements OnModuleInit {
  readonly #log = new Logger('rebuild');
  readonly #listeners: LossListener[] = [];
  #present!: MemoryRow;
  #past: ReadonlySet<string> = new Set();
  /** Those that need not report (again) for the present memory, as last read. */
  #reported: ReadonlyMap<DeviceId, number> = new Map();
  #signed: { readonly mark: number; readonly memoryId: string; readonly statement: SignedStatement } | undefined;
  #markedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly memories: MemoriesRepository,
    private readonly devices: DevicesService,
    private readonly teams: TeamService,
    private readonly auditLog: AuditLogService,
    private readonly identity: CoordinatorIdentity,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.write(async () => {
      if (!(await this.memories.present())) await this.memories.insert(this.#fresh(1, false, ''));
    });
    await this.refresh();
  }

  /** Calls `listener` in the transaction that notes a loss. To be called in `onModuleInit`. */
  onLoss(listener: LossListener): void {
    this.#listeners.push(listener);
  }

  /** For a start: whether tables were emptied while nobody looked. */
  async checkDatabase(): Promise<void> {
    if (await this.#isWaitedForSomebody()) return;
    const cause = await this.memories.contradiction();
    if (cause !== null) await this.#begin(cause, undefined);
  }

  /** What somebody has still to tell is missing for a known reason, also when repair goes on without it. */
  async #isWaitedForSomebody(): Promise<boolean> {
    const { afterLoss, sinceMs } = this.#present;
    if (!afterLoss) return false;
    const members = (await this.devices.agents()).filter((device) => device.membership !== 'revoked' && device.enrolledAtMs <= sinceMs);
    return members.some((device) => !this.#reported.has(device.deviceId));
  }

  /** Reads again what another coordinator on the same database may have written. */
  async refresh(): Promise<void> {
    this.#present = (await this.memories.present())!;
    this.#past = await this.memories.ids();
    this.#reported = await this.memories.reports(this.#present.memoryId);
  }

  /** For a heartbeat. Undefined: the agent knows nothing of memories, or there is no team yet. */
  async exchange(deviceId: DeviceId, told: Heartbeat['memory']): Promise<HeartbeatReply['memory']> {
    if (told === undefined) return undefined;
    if (told !== null) await this.#look(deviceId, told);
    await this.#moveOn();
    return { statement: await this.#statement(), report: await this.mustReport(deviceId) };
  }

  /** Whether a device was a member before the present memory began and has not told everything since. */
  async mustReport(deviceId: DeviceId): Promise<boolean> {
    if (!this.#present.afterLoss || this.#reported.has(deviceId)) return false;
    this.#reported = await this.memories.reports(this.#present.memoryId);
    if (this.#reported.has(deviceId)) return false;
    return ((await this.devices.find(deviceId))?.enrolledAtMs ?? 0) <= this.#present.sinceMs;
  }

  async #look(deviceId: DeviceId, told: SignedStatement): Promise<void> {
    const claimed = this.#claim(told, (statement) => peekStatement('memory', statement));
    if (!claimed || !this.#isNews(claimed)) return;
    await this.refresh();
    if (!this.#isNews(claimed)) return;
    const genuine = this.#claim(told, (statement) => openStatement('memory', statement, fromBase64Url(this.identity.publicKey)));
    if (genuine?.teamId !== (await this.teams.get()).teamId) {
      this.#log.warn({ deviceId }, 'a device showed a note of the coordinator’s memory that the coordinator never signed');
      return;
    }
    const { name } = await this.devices.get(deviceId);
    await this.#begin(`${name} remembers more than the database: an older copy of it was put back, or it was emptied.`, genuine);
  }

  #isNews(claimed: Memory): boolean {
    return showsLoss(claimed, this.#present, this.#past);
  }

  #claim(told: SignedStatement, read: (statement: SignedStatement) => unknown): Memory | undefined {
    try {
      return memorySchema.parse(read(told));
    } catch {
      return undefined;
    }
  }

  async #begin(cause: string, shown: Memory | undefined): Promise<void> {
    try {
      const begun = await this.database.write(async () => {
        await this.refresh();
        // Many devices notice at the same time.
        if (shown && !this.#isNews(shown)) return false;
        const { ordinal } = this.#present;
        if (shown && !this.#past.has(shown.memoryId))
          await this.memories.insert({ ...this.#fresh(ordinal + 1, true, ''), memoryId: shown.memoryId, mark: shown.mark });
        const fresh = this.#fresh(ordinal + 2, true, cause);
        await this.memories.insert(fresh);
        for (const listener of this.#listeners) await listener(fresh);
        await this.auditLog.record({ actor: 'coordinator', action: 'rebuild.begin', subject: 'database', detail: { cause } });
        return true;
      });
      if (begun) this.#log.warn(`${cause} Nothing is repaired or deleted until the devices have reported.`);
    } finally {
      // Also when all of it was rolled back.
      await this.refresh();
    }
  }

  /** The mark is in the database before anybody is told of it. */
  async #moveOn(): Promise<void> {
    const now = this.clock.nowMs();
    if (now - this.#markedAtMs < this.config.presence.flushSeconds * 1000) return;
    this.#markedAtMs = now;
    await this.database.write(async () => {
      const stored = (await this.memories.present())!;
      await this.memories.update(stored.memoryId, { mark: stored.mark + 1 });
    });
    await this.refresh();
  }

  async #statement(): Promise<SignedStatement> {
    const { memoryId, mark } = this.#present;
    if (this.#signed?.mark !== mark || this.#signed.memoryId !== memoryId) {
      const { teamId } = await this.teams.get();
      const body: Memory = { teamId, memoryId, mark };
      this.#signed = { mark, memoryId, statement: this.identity.sign('memory', body) };
    }
    return this.#signed.statement;
  }

  #fresh(ordinal: number, afterLoss: boolean, cause: string): MemoryRow {
    const nothing = { endedAtMs: null, endedBy: null };
    return { memoryId: randomUUID(), ordinal, mark: 1, sinceMs: this.clock.nowMs(), afterLoss, cause, ...nothing };
  }
}
