/** The modules of the features: append one line each. */
import { DeviceTokensModule } from './device-tokens/device-tokens.module.ts';
import { DevicesModule } from './devices/devices.module.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { PresenceModule } from './presence/presence.module.ts';
import { SessionsModule } from './sessions/sessions.module.ts';
import { EnrolmentModule } from './enrolment/enrolment.module.ts';
import { JoinLinksModule } from './join-links/join-links.module.ts';
import { RosterModule } from './roster/roster.module.ts';
import { SetupModule } from './setup/setup.module.ts';
import { SignInModule } from './sign-in/sign-in.module.ts';
import { TeamModule } from './team/team.module.ts';

export const features = [
  DevicesModule,
  DeviceTokensModule,
  SessionsModule,
  PresenceModule,
  TeamModule,
  MetricsModule,
  SetupModule,
  SignInModule,
  RosterModule,
  JoinLinksModule,
  EnrolmentModule,
];
