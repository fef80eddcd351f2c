import { Body, Controller, Post } from '@nestjs/common';
import type { EnrolRequest, EnrolResponse } from '#libs/contracts';
import { enrolRequest, enrolResponse } from '#libs/contracts';
import { Anyone } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { EnrolmentService } from './enrolment.service.ts';

@Controller('agent/enrol')
export class EnrolmentController {
  constructor(private readonly enrolment: EnrolmentService) {}

  /** Open: the join link's secret in the body is the credential. */
  @Post()
  @Anyone()
  @Answers(201, enrolResponse, 'Joins the team with the secret of a join link.')
  enrol(@Body({ schema: enrolRequest }) body: EnrolRequest): Promise<EnrolResponse> {
    return this.enrolment.enrol(body);
  }
}
