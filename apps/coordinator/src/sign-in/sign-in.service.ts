import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Session, SignIn } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import type { Account } from '../accounts/accounts.service.ts';
import { AccountsService } from '../accounts/accounts.service.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CoordinatorError } from '../errors.ts';
import { clearSessionCookie, setSessionCookie } from '../http/cookies.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { TeamService } from '../team/team.service.ts';
import { SignInLimiter } from './sign-in-limiter.ts';

/** How people get a session: by password, or by a ticket that somebody with a shell on this machine made. */
@Injectable()
export class SignInService {
  readonly #limiter: SignInLimiter;

  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly teams: TeamService,
    private readonly auditLog: AuditLogService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const { windowSeconds, failuresPerAccount, failuresPerAddress } = config.signIn;
    this.#limiter = new SignInLimiter(
      { windowMs: windowSeconds * 1000, perAccount: failuresPerAccount, perAddress: failuresPerAddress },
      clock,
    );
  }

  /** Throws `sign_in_failed`, which does not tell whether the account exists, or `sign_in_rate_limited`. */
  async byPassword({ email, password }: SignIn, address: string, reply: FastifyReply): Promise<Session> {
    this.#limiter.check(email, address);
    // Counted before the slow check, so that a hundred guesses at once are a hundred guesses.
    this.#limiter.failed(email, address);
    const account = await this.accounts.authenticate(email, password);
    if (!account) {
      await this.auditLog.record({ actor: email.slice(0, 200), action: 'session.refuse', subject: address });
      throw new CoordinatorError('sign_in_failed', 'The address or the password is wrong.');
    }
    this.#limiter.succeeded(email);
    await this.auditLog.record({ actor: account.email, action: 'session.open', subject: address, detail: { by: 'password' } });
    return this.openFor(account, reply);
  }

  /** Throws `ticket_invalid`. */
  async byTicket(ticket: string, address: string, reply: FastifyReply): Promise<Session> {
    const userId = await this.sessions.redeemTicket(ticket);
    const account = userId === undefined ? null : await this.accounts.find(userId);
    if (!account) {
      throw new CoordinatorError('ticket_invalid', 'This sign-in link is unknown, used or expired.', {
        nextStep: 'Make a new one with `holdfast-coordinator login-link`.',
      });
    }
    await this.auditLog.record({ actor: account.email, action: 'session.open', subject: address, detail: { by: 'ticket' } });
    return this.openFor(account, reply);
  }

  async openFor(account: Account, reply: FastifyReply): Promise<Session> {
    const opened = await this.sessions.open(account.userId);
    setSessionCookie(reply, opened.secret, this.config.sessions.absoluteSeconds);
    return this.describe(account, opened);
  }

  async close(person: CurrentPerson, reply: FastifyReply): Promise<void> {
    await this.sessions.close(person.sessionId);
    clearSessionCookie(reply);
    await this.auditLog.record({ actor: person.email, action: 'session.close', subject: person.email });
  }

  async describe(
    { userId, email, name, role }: Pick<Account, 'userId' | 'email' | 'name' | 'role'>,
    at: { csrfToken: string; expiresAtMs: number },
  ): Promise<Session> {
    const team = await this.teams.get();
    return {
      user: { userId, email, name, role },
      team: { teamId: team.teamId, name: team.name, recoveryKey: team.recoveryKey, rootKey: team.rootKey },
      csrfToken: at.csrfToken,
      expiresAtMs: at.expiresAtMs,
    };
  }
}
