import { Body, Controller, Post } from '@nestjs/common';
import type { z } from 'zod';
import type { TokenResponse, tokenChallengeRequest as challengeSchema, tokenRequest as requestSchema } from '#libs/contracts';
import { tokenChallenge, tokenChallengeRequest, tokenRequest, tokenResponse } from '#libs/contracts';
import { Anyone } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { DeviceTokensService } from './device-tokens.service.ts';

/** Open: this is where a device shows that it has its key. */
@Controller('agent/token')
@Anyone()
export class DeviceTokensController {
  constructor(private readonly tokens: DeviceTokensService) {}

  @Post('challenge')
  @Answers(200, tokenChallenge, 'A nonce to sign, good for one token and one minute.')
  challenge(@Body({ schema: tokenChallengeRequest }) body: z.infer<typeof challengeSchema>): { nonce: string } {
    return { nonce: this.tokens.challenge(body.deviceId) };
  }

  @Post()
  @Answers(201, tokenResponse, 'A bearer token for the signed nonce.')
  exchange(@Body({ schema: tokenRequest }) { deviceId, nonce, signature }: z.infer<typeof requestSchema>): Promise<TokenResponse> {
    return this.tokens.exchange(deviceId, nonce, signature);
  }
}
