import { Inject, Injectable } from '@nestjs/common';
import type { AuditEntry, Page, PageQuery } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import { CLOCK } from '../ports/ports.module.ts';
import { GENESIS, firstBreak, hashEntry } from './audit-chain.ts';
import type { AuditEntryEntity } from './audit-entry.entity.ts';
import { AuditLogRepository } from './audit-log.repository.ts';

export interface AuditRecord {
  /** Who: an account's address, `device <name>`, or `coordinator`. */
  readonly actor: string;
  /** What, as `thing.verb`: `join-link.create`, `device.revoke`. */
  readonly action: string;
  /** To whom or what: a name or id that people recognise. */
  readonly subject: string;
  readonly deviceId?: DeviceId;
  /** Further facts. Never secrets. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface ChainCheck {
  readonly entries: number;
  /** The first entry that is missing, altered or out of place; null: the chain holds. */
  readonly brokenAt: number | null;
  /** Hash of the newest entry: written down elsewhere, it also shows entries cut off at the end. */
  readonly head: string;
}

const VERIFY_BATCH = 1000;

/** Who did what, when: append only, each entry bound to the one before by a hash. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly entries: AuditLogRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Inside `Database.write` the entry lives and dies with that transaction. */
  async record({ actor, action, subject, deviceId, detail = {} }: AuditRecord): Promise<void> {
    await this.entries.append((last) => {
      const entry = {
        sequence: (last?.sequence ?? 0) + 1,
        atMs: this.clock.nowMs(),
        actor: actor.slice(0, 250),
        action,
        subject: subject.slice(0, 250),
        deviceId: deviceId ?? null,
        detail: JSON.stringify(detail),
      };
      return { ...entry, hash: hashEntry(last?.hash ?? GENESIS, entry) };
    });
  }

  async page(query: PageQuery): Promise<Page<AuditEntry>> {
    const { entries, total } = await this.entries.page(query);
    return { items: entries.map(toContract), total, page: query.page, pageSize: query.pageSize };
  }

  /** Recomputes the whole chain. Memory: one batch of entries. */
  async verify(): Promise<ChainCheck> {
    let previous: Pick<AuditEntryEntity, 'sequence' | 'hash'> = { sequence: 0, hash: GENESIS };
    for (;;) {
      const batch = await this.entries.after(previous.sequence, VERIFY_BATCH);
      const brokenAt = firstBreak(batch, previous);
      const last = batch.at(-1);
      if (brokenAt !== undefined) return { entries: previous.sequence + batch.length, brokenAt, head: last?.hash ?? previous.hash };
      if (!last) return { entries: previous.sequence, brokenAt: null, head: previous.hash };
      previous = last;
    }
  }
}

function toContract({ detail, deviceId, ...entry }: AuditEntryEntity): AuditEntry {
  return { ...entry, detail: JSON.parse(detail) as Record<string, unknown>, ...(deviceId ? { deviceId: deviceId as DeviceId } : {}) };
}
