import { Module } from '@nestjs/common';
import { DevicesRepository } from './devices.repository.ts';
import { DevicesService } from './devices.service.ts';

/** The table of devices. Who may be a member is decided in enrolment and roster; how a device looks to people, in the devices' read side. */
@Module({ providers: [DevicesRepository, DevicesService], exports: [DevicesService] })
export class DevicesModule {}
