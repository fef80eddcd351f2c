import { Module } from '@nestjs/common';
import { ReleasedPacksModule } from '../releases/released-packs.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { PacksController } from './packs.controller.ts';
import { PacksRepository } from './packs.repository.ts';
import { PacksService } from './packs.service.ts';
import { WorkSignal } from './work-signal.ts';

@Module({
  imports: [VaultsModule, ReleasedPacksModule],
  controllers: [PacksController],
  providers: [PacksRepository, PacksService, WorkSignal],
  exports: [PacksService, WorkSignal],
})
export class PacksModule {}
