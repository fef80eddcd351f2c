import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { DeviceTokensController } from './device-tokens.controller.ts';
import { DeviceTokensService } from './device-tokens.service.ts';

@Module({
  imports: [DevicesModule],
  controllers: [DeviceTokensController],
  providers: [DeviceTokensService],
  exports: [DeviceTokensService],
})
export class DeviceTokensModule {}
