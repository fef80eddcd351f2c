import { Body, Controller, Post } from '@nestjs/common';
import type { AnnouncePacks } from '#libs/contracts';
import { announcePacks } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { PacksService } from './packs.service.ts';

@Controller('agent/packs')
@Agent()
export class PacksController {
  constructor(private readonly packs: PacksService) {}

  @Post()
  @Answers(204, null, 'Packs that are durable on this device and are to be placed at colleagues. Known ones change nothing.')
  async announce(@Body({ schema: announcePacks }) body: AnnouncePacks, @Device() device: CurrentAgent): Promise<void> {
    await this.packs.announce(device.deviceId, body);
  }
}
