import { Injectable } from '@nestjs/common';
import type { Account, CreateAccount } from '#libs/contracts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import type { AccountEntity } from './account.entity.ts';
import { AccountsRepository } from './accounts.repository.ts';
import { AccountsService } from './accounts.service.ts';

/** Giving people accounts and taking them away. */
@Injectable()
export class PeopleService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly rows: AccountsRepository,
    private readonly database: Database,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
  ) {}

  async list(): Promise<Account[]> {
    return (await this.rows.all()).map(withoutPassword);
  }

  /** `actor`: who does it, for the audit log. Throws `account_exists`. */
  async create(account: CreateAccount, actor: string): Promise<Account> {
    const prepared = await this.accounts.prepare(account);
    await this.database.write(async () => {
      if (await this.rows.findByEmail(prepared.email))
        throw new CoordinatorError('account_exists', 'There is an account with this address.');
      await this.rows.insert(prepared);
      await this.auditLog.record({ actor, action: 'account.create', subject: prepared.email, detail: { role: prepared.role } });
    });
    return withoutPassword(prepared);
  }

  /** Its sessions end with it, since each asks for its account. Throws `account_not_found` or `account_last_owner`. */
  async remove(userId: string, actor: string): Promise<void> {
    await this.database.write(async () => {
      const account = await this.rows.find(userId);
      if (!account) throw new CoordinatorError('account_not_found', 'There is no such account.');
      if (account.role === 'owner' && (await this.rows.countOwners()) === 1) {
        throw new CoordinatorError('account_last_owner', 'The last owner can’t be removed.', { nextStep: 'Make another owner first.' });
      }
      await this.rows.delete(userId);
      await this.auditLog.record({ actor, action: 'account.remove', subject: account.email });
      this.database.afterCommit(() => this.events.closePerson(userId));
    });
  }
}

const withoutPassword = ({ userId, email, name, role, createdAtMs }: AccountEntity): Account => ({
  userId,
  email,
  name,
  role,
  createdAtMs,
});
