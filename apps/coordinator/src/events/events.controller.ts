import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CurrentAgent, CurrentPerson } from '../access/access.decorators.ts';
import { Agent, Device, People, Person } from '../access/access.decorators.ts';
import { ApiStream } from '../openapi/openapi.decorators.ts';
import { EventsService } from './events.service.ts';

@Controller()
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Get('events')
  @People()
  @ApiStream('What changed, for open panels: events of type PanelEvent. Fetch the named thing again.')
  panel(@Person() person: CurrentPerson, @Res() reply: FastifyReply): void {
    this.events.openPanel(reply, person);
  }

  @Get('agent/events')
  @Agent()
  @ApiStream('The agent channel: events of type AgentEvent, hints only. One per device; reconnect whenever it ends.')
  agent(@Device() device: CurrentAgent, @Res() reply: FastifyReply): void {
    this.events.openAgent(reply, device.deviceId);
  }
}
