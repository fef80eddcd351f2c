import { Global, Module } from '@nestjs/common';
import { AuditLogController } from './audit-log.controller.ts';
import { AuditLogRepository } from './audit-log.repository.ts';
import { AuditLogService } from './audit-log.service.ts';

@Global()
@Module({ controllers: [AuditLogController], providers: [AuditLogRepository, AuditLogService], exports: [AuditLogService] })
export class AuditLogModule {}
