import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { KeptHeadsRepository } from './kept-heads.repository.ts';
import { KeptHeadsService } from './kept-heads.service.ts';
import { VaultsController } from './vaults.controller.ts';
import { VaultsRepository } from './vaults.repository.ts';
import { VaultsService } from './vaults.service.ts';

@Module({
  imports: [DevicesModule],
  controllers: [VaultsController],
  providers: [VaultsRepository, VaultsService, KeptHeadsRepository, KeptHeadsService],
  exports: [VaultsService, KeptHeadsService],
})
export class VaultsModule {}
