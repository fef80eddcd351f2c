import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { AccountEntity } from './account.entity.ts';

@Injectable()
export class AccountsRepository {
  constructor(private readonly database: Database) {}

  find(userId: string): Promise<AccountEntity | null> {
    return this.database.read.findOneBy(AccountEntity, { userId });
  }

  findByEmail(email: string): Promise<AccountEntity | null> {
    return this.database.read.findOneBy(AccountEntity, { email });
  }

  /** The owner who has been here longest. */
  firstOwner(): Promise<AccountEntity | null> {
    return this.database.read.findOne(AccountEntity, { where: { role: 'owner' }, order: { createdAtMs: 'ASC' } });
  }

  async insert(account: AccountEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(AccountEntity, account));
  }

  /** In the order of making. */
  all(): Promise<AccountEntity[]> {
    return this.database.read.find(AccountEntity, { order: { createdAtMs: 'ASC', userId: 'ASC' } });
  }

  countOwners(): Promise<number> {
    return this.database.read.countBy(AccountEntity, { role: 'owner' });
  }

  async delete(userId: string): Promise<void> {
    await this.database.write((manager) => manager.delete(AccountEntity, { userId }));
  }
}
