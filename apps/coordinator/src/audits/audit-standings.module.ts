import { Module } from '@nestjs/common';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import { AuditStandingsService } from './audit-standings.service.ts';

/** The records alone, below everything that places packs or judges devices by them. */
@Module({ providers: [AuditHoldersRepository, AuditStandingsService], exports: [AuditHoldersRepository, AuditStandingsService] })
export class AuditStandingsModule {}
