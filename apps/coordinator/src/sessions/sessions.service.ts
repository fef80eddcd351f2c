import { Inject, Injectable } from '@nestjs/common';
import type { Clock, RandomSource } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AccountsService } from '../accounts/accounts.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK, RANDOM } from '../ports/ports.module.ts';
import { deriveToken, hashSecret, newSecret, sameSecret } from './secrets.ts';
import { SessionsRepository } from './sessions.repository.ts';

export interface OpenedSession {
  /** The cookie's value. */
  readonly secret: string;
  readonly csrfToken: string;
  readonly expiresAtMs: number;
}

/** "Last used" is written at most this often, so that reading the panel does not write the database. */
const TOUCH_MS = 60_000;

/** Signed-in browsers: an idle limit, an absolute limit, and a CSRF token that follows from the cookie's secret. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly accounts: AccountsService,
    private readonly events: EventsService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  async open(userId: string): Promise<OpenedSession> {
    const secret = newSecret(this.random);
    const now = this.clock.nowMs();
    const expiresAtMs = now + this.config.sessions.absoluteSeconds * 1000;
    await this.sessions.deleteExpired(now);
    await this.sessions.insert({ sessionId: hashSecret(secret), userId, createdAtMs: now, lastUsedAtMs: now, expiresAtMs });
    return { secret, csrfToken: this.csrfToken(secret), expiresAtMs };
  }

  /** Who the cookie stands for; undefined when there is no such session any more. */
  async resume(secret: string): Promise<CurrentPerson | undefined> {
    const session = await this.sessions.find(hashSecret(secret));
    if (!session) return undefined;
    const now = this.clock.nowMs();
    if (now >= session.expiresAtMs || now - session.lastUsedAtMs >= this.config.sessions.idleSeconds * 1000) {
      await this.sessions.delete(session.sessionId);
      return undefined;
    }
    const account = await this.accounts.find(session.userId);
    if (!account) return undefined;
    if (now - session.lastUsedAtMs >= TOUCH_MS) await this.sessions.touch(session.sessionId, now);
    const { userId, email, name, role } = account;
    return { kind: 'person', userId, email, name, role, sessionId: session.sessionId, expiresAtMs: session.expiresAtMs };
  }

  async close(sessionId: string): Promise<void> {
    await this.sessions.delete(sessionId);
    this.events.closeSession(sessionId);
  }

  csrfToken(secret: string): string {
    return deriveToken(secret, 'holdfast/csrf/1');
  }

  csrfMatches(secret: string, header: string | string[] | undefined): boolean {
    return typeof header === 'string' && sameSecret(header, this.csrfToken(secret));
  }

  /** A single-use ticket to open a session with, for somebody who has shown otherwise that they may (a shell on this machine). */
  async createTicket(userId: string): Promise<{ ticket: string; expiresAtMs: number }> {
    const ticket = newSecret(this.random);
    const expiresAtMs = this.clock.nowMs() + this.config.sessions.ticketSeconds * 1000;
    await this.sessions.insertTicket({ ticketHash: hashSecret(ticket), userId, expiresAtMs, usedAtMs: null });
    return { ticket, expiresAtMs };
  }

  /** The account that the ticket is for; undefined when it is unknown, used or expired. */
  async redeemTicket(ticket: string): Promise<string | undefined> {
    const now = this.clock.nowMs();
    const found = await this.sessions.takeTicket(hashSecret(ticket), now);
    return found && found.expiresAtMs > now ? found.userId : undefined;
  }
}
