import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { AuditAnswers, OpenAudits, PutChallenges, ScrubReport, WantedChallenges } from '#libs/contracts';
import { auditAnswers, openAudits, putChallenges, scrubReport, wantedChallenges } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { AuditAnswersService } from './audit-answers.service.ts';
import { AuditChallengesService } from './audit-challenges.service.ts';
import { AuditQuestionsService } from './audit-questions.service.ts';
import { ScrubReportsService } from './scrub-reports.service.ts';

const after = z.strictObject({ after: z.coerce.number().int().min(-1).default(-1) });

/** Audits as devices see them: as holders that are asked, and as owners that make the questions. */
@Controller('agent/audits')
@Agent()
export class AuditsController {
  constructor(
    private readonly questions: AuditQuestionsService,
    private readonly answers: AuditAnswersService,
    private readonly challenges: AuditChallengesService,
    private readonly scrubs: ScrubReportsService,
  ) {}

  @Get()
  @Answers(200, openAudits, 'What this device is asked to prove now, and whether it is to read everything that it holds.')
  open(@Device() device: CurrentAgent): Promise<OpenAudits> {
    return this.questions.open(device.deviceId);
  }

  @Post('answers')
  @Answers(204, null, 'Answers to open audits. What is not open (any more) is passed over.')
  async answer(@Body({ schema: auditAnswers }) body: AuditAnswers, @Device() device: CurrentAgent): Promise<void> {
    await this.answers.take(device.deviceId, body.answers);
  }

  @Get('wanted')
  @Answers(200, wantedChallenges, 'Packs of this device that are short of challenges, by ordinal; ask again after `nextAfter`.')
  wanted(@Query({ schema: after }) query: z.infer<typeof after>, @Device() device: CurrentAgent): Promise<WantedChallenges> {
    return this.challenges.wanted(device.deviceId, query.after);
  }

  @Post('challenges')
  @LargeBody()
  @Answers(204, null, 'Challenges about packs of this device, in place of what was left of earlier ones.')
  async put(@Body({ schema: putChallenges }) body: PutChallenges, @Device() device: CurrentAgent): Promise<void> {
    await this.challenges.put(device.deviceId, body);
  }

  @Post('scrub')
  @LargeBody()
  @Answers(204, null, 'What this device found when it read its packs. Damaged copies are made again.')
  async scrub(@Body({ schema: scrubReport }) body: ScrubReport, @Device() device: CurrentAgent): Promise<void> {
    await this.scrubs.take(device.deviceId, body);
  }
}
