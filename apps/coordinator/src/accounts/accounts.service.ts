import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Role } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { CLOCK } from '../ports/ports.module.ts';
import type { AccountEntity } from './account.entity.ts';
import { AccountsRepository } from './accounts.repository.ts';
import { Passwords } from './passwords.ts';

export type Account = Readonly<Pick<AccountEntity, 'userId' | 'email' | 'name' | 'role' | 'createdAtMs'>>;

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}

/** The people who use the panel. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  find(userId: string): Promise<Account | null> {
    return this.accounts.find(userId);
  }

  findByEmail(email: string): Promise<Account | null> {
    return this.accounts.findByEmail(normalise(email));
  }

  firstOwner(): Promise<Account | null> {
    return this.accounts.firstOwner();
  }

  /** Hashes outside of any transaction (it takes a while): call {@link prepare} first, then insert inside. */
  async prepare({ password, email, ...account }: NewAccount): Promise<AccountEntity> {
    const passwordHash = await this.passwords.hash(password);
    return { ...account, email: normalise(email), userId: randomUUID(), passwordHash, createdAtMs: this.clock.nowMs() };
  }

  insert(account: AccountEntity): Promise<void> {
    return this.accounts.insert(account);
  }

  /** The account whose password this is. Takes the same time for an unknown address as for a wrong password. */
  async authenticate(email: string, password: string): Promise<Account | undefined> {
    const account = await this.accounts.findByEmail(normalise(email));
    const right = await this.passwords.verify(password, account?.passwordHash);
    return account && right ? account : undefined;
  }
}

const normalise = (email: string): string => email.trim().toLowerCase();
