import { Body, Controller, Get, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Session, SetupInfo, SetupRequest } from '#libs/contracts';
import { session, setupInfo, setupRequest } from '#libs/contracts';
import { Anyone } from '../access/access.decorators.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { SignInService } from '../sign-in/sign-in.service.ts';
import { SetupService } from './setup.service.ts';

/** Open: before the first start is completed there is nobody to sign in; the token of the printed link is the credential. */
@Controller('setup')
@Anyone()
export class SetupController {
  constructor(
    private readonly setup: SetupService,
    private readonly identity: CoordinatorIdentity,
    private readonly signIn: SignInService,
  ) {}

  @Get()
  @Answers(200, setupInfo, 'Whether this coordinator still has to be set up, and the key for the team root to certify.')
  async info(): Promise<SetupInfo> {
    return (await this.setup.isNeeded()) ? { needed: true, coordinatorKey: this.identity.publicKey } : { needed: false };
  }

  @Post()
  @Answers(201, session, 'Founds the team and its owner’s account, and signs the owner in.')
  async complete(@Body({ schema: setupRequest }) body: SetupRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Session> {
    const owner = await this.setup.complete(body);
    return this.signIn.openFor(owner, reply);
  }
}
