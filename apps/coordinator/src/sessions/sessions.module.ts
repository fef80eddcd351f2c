import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.ts';
import { SessionsRepository } from './sessions.repository.ts';
import { SessionsService } from './sessions.service.ts';

@Module({ imports: [AccountsModule], providers: [SessionsRepository, SessionsService], exports: [SessionsService] })
export class SessionsModule {}
