import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { DeviceTokensService } from './device-tokens.service.ts';

@Module({ imports: [DevicesModule], providers: [DeviceTokensService], exports: [DeviceTokensService] })
export class DeviceTokensModule {}
