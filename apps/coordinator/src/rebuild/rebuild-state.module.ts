import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { MemoriesRepository } from './memories.repository.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

/** The half of the rebuild that everybody may ask; what it does is in `RebuildModule`, above all that it fills again. */
@Module({
  imports: [DevicesModule, DeviceStatesModule],
  providers: [MemoriesRepository, RebuildStateService],
  exports: [MemoriesRepository, RebuildStateService],
})
export class RebuildStateModule {}
