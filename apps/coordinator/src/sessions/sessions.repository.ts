import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual } from 'typeorm';
import { Database } from '../database/database.ts';
import { SessionEntity, TicketEntity } from './session.entity.ts';

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  find(sessionId: string): Promise<SessionEntity | null> {
    return this.database.read.findOneBy(SessionEntity, { sessionId });
  }

  async insert(session: SessionEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(SessionEntity, session));
  }

  async touch(sessionId: string, lastUsedAtMs: number): Promise<void> {
    await this.database.write((manager) => manager.update(SessionEntity, { sessionId }, { lastUsedAtMs }));
  }

  async delete(sessionId: string): Promise<void> {
    await this.database.write((manager) => manager.delete(SessionEntity, { sessionId }));
  }

  /** Forgets sessions and tickets past their end. */
  async deleteExpired(nowMs: number): Promise<void> {
    await this.database.write(async (manager) => {
      await manager.delete(SessionEntity, { expiresAtMs: LessThanOrEqual(nowMs) });
      await manager.delete(TicketEntity, { expiresAtMs: LessThanOrEqual(nowMs) });
    });
  }

  async insertTicket(ticket: TicketEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(TicketEntity, ticket));
  }

  /** The ticket, marked as used; null when it is unknown or was used before. */
  async takeTicket(ticketHash: string, usedAtMs: number): Promise<TicketEntity | null> {
    return this.database.write(async (manager) => {
      const { affected } = await manager.update(TicketEntity, { ticketHash, usedAtMs: IsNull() }, { usedAtMs });
      return affected === 1 ? manager.findOneBy(TicketEntity, { ticketHash }) : null;
    });
  }
}
