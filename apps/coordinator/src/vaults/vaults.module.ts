import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { VaultsController } from './vaults.controller.ts';
import { VaultsRepository } from './vaults.repository.ts';
import { VaultsService } from './vaults.service.ts';

@Module({
  imports: [DevicesModule],
  controllers: [VaultsController],
  providers: [VaultsRepository, VaultsService],
  exports: [VaultsService],
})
export class VaultsModule {}
