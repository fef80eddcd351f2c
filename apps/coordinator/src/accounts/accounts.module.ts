import { Module } from '@nestjs/common';
import { AccountsRepository } from './accounts.repository.ts';
import { AccountsService } from './accounts.service.ts';
import { Passwords } from './passwords.ts';

@Module({ providers: [AccountsRepository, AccountsService, Passwords], exports: [AccountsService] })
export class AccountsModule {}
