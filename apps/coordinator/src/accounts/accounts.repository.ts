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
}
