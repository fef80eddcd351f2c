import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import type { Account, CreateAccount } from '#libs/contracts';
import { account, createAccount } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { PeopleService } from './people.service.ts';

@Controller('accounts')
@People('owner')
export class AccountsController {
  constructor(private readonly people: PeopleService) {}

  @Get()
  @People('owner', 'admin', 'auditor')
  @Answers(200, z.array(account), 'Everybody who has an account.')
  list(): Promise<Account[]> {
    return this.people.list();
  }

  @Post()
  @Answers(201, account, 'Makes an account.')
  create(@Body({ schema: createAccount }) body: CreateAccount, @Person() person: CurrentPerson): Promise<Account> {
    return this.people.create(body, person.email);
  }

  @Delete(':userId')
  @Answers(204, null, 'Removes an account and ends its sessions.')
  remove(@Param('userId', { schema: z.uuid() }) userId: string, @Person() person: CurrentPerson): Promise<void> {
    return this.people.remove(userId, person.email);
  }
}
