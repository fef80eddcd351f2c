import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { SignInModule } from '../sign-in/sign-in.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { SetupController } from './setup.controller.ts';
import { SetupService } from './setup.service.ts';

@Module({
  imports: [AccountsModule, DevicesModule, RosterModule, SignInModule, TeamModule],
  controllers: [SetupController],
  providers: [SetupService],
  exports: [SetupService],
})
export class SetupModule {}
