import { Body, Controller, Post } from '@nestjs/common';
import type { Heartbeat, HeartbeatReply } from '#libs/contracts';
import { heartbeat, heartbeatReply } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { HeartbeatService } from './heartbeat.service.ts';

@Controller('agent/heartbeat')
export class HeartbeatController {
  constructor(private readonly heartbeats: HeartbeatService) {}

  @Post()
  @Agent()
  @Answers(200, heartbeatReply, 'I am here, this is where I listen and what I have room for.')
  beat(@Body({ schema: heartbeat }) body: Heartbeat, @Device() device: CurrentAgent): Promise<HeartbeatReply> {
    return this.heartbeats.beat(device.deviceId, body);
  }
}
