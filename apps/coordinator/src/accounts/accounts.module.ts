import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.ts';
import { AccountsRepository } from './accounts.repository.ts';
import { AccountsService } from './accounts.service.ts';
import { Passwords } from './passwords.ts';
import { PeopleService } from './people.service.ts';

@Module({
  controllers: [AccountsController],
  providers: [AccountsRepository, AccountsService, Passwords, PeopleService],
  exports: [AccountsService, PeopleService],
})
export class AccountsModule {}
