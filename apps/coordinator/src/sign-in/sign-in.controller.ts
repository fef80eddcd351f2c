import { Body, Controller, Delete, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session, SignIn } from '#libs/contracts';
import { session, signIn, signInWithTicket } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { Anyone, People, Person } from '../access/access.decorators.ts';
import { SESSION_COOKIE } from '../http/cookies.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { SignInService } from './sign-in.service.ts';

@Controller('session')
export class SignInController {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
  ) {}

  /** Open: the password is the credential. */
  @Post()
  @Anyone()
  @Answers(201, session, 'Signs in with a password. Sets the session cookie; `csrfToken` goes into x-holdfast-csrf.')
  byPassword(
    @Body({ schema: signIn }) body: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.signIns.byPassword(body, request.ip, reply);
  }

  /** Open: the ticket is the credential. */
  @Post('ticket')
  @Anyone()
  @Answers(201, session, 'Signs in with a ticket made by `holdfast-coordinator login-link`.')
  byTicket(
    @Body({ schema: signInWithTicket }) body: { ticket: string },
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.signIns.byTicket(body.ticket, request.ip, reply);
  }

  @Get()
  @People()
  @Answers(200, session, 'Who is signed in.')
  current(@Person() person: CurrentPerson, @Req() request: FastifyRequest): Promise<Session> {
    const csrfToken = this.sessions.csrfToken(request.cookies[SESSION_COOKIE]!);
    return this.signIns.describe(person, { csrfToken, expiresAtMs: person.expiresAtMs });
  }

  @Delete()
  @People()
  @Answers(204, null, 'Signs out: this session is closed everywhere.')
  close(@Person() person: CurrentPerson, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    return this.signIns.close(person, reply);
  }
}
