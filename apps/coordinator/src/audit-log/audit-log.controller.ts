import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import type { AuditEntry, Page, PageQuery } from '#libs/contracts';
import { auditEntry, pageOf, pageQuery } from '#libs/contracts';
import { People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import type { ChainCheck } from './audit-log.service.ts';
import { AuditLogService } from './audit-log.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });
const chainCheck = z.strictObject({ entries: z.int(), brokenAt: z.int().nullable(), head: z.string() }).meta({ id: 'AuditChainCheck' });

@Controller('audit-log')
@People('owner', 'admin', 'auditor')
export class AuditLogController {
  constructor(private readonly auditLog: AuditLogService) {}

  @Get()
  @Answers(200, pageOf(auditEntry), 'Who did what, newest first; `search` looks at actor, action and subject.')
  page(@Query({ schema: newestFirst }) query: PageQuery): Promise<Page<AuditEntry>> {
    return this.auditLog.page(query);
  }

  @Get('verification')
  @Answers(200, chainCheck, 'Recomputes the hash chain from the first entry on.')
  verify(): Promise<ChainCheck> {
    return this.auditLog.verify();
  }
}
