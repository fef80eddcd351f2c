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
import { DeviceStatesModule } from './devices/device-states.module.ts';
import { JobReportsModule } from './jobs/job-reports.module.ts';
import { JobsModule } from './jobs/jobs.module.ts';
import { PacksModule } from './packs/packs.module.ts';
import { PlacementModule } from './placement/placement.module.ts';
import { PoliciesModule } from './policies/policies.module.ts';
import { ReplicasModule } from './replicas/replicas.module.ts';
import { RestoresModule } from './restores/restores.module.ts';
import { RunsModule } from './runs/runs.module.ts';
import { SnapshotsModule } from './snapshots/snapshots.module.ts';
import { ShedsModule } from './sheds/sheds.module.ts';
import { TrimsModule } from './trims/trims.module.ts';
import { VaultsModule } from './vaults/vaults.module.ts';
import { DeviceViewsModule } from './devices/device-views.module.ts';
import { OverviewModule } from './overview/overview.module.ts';
import { RebuildModule } from './rebuild/rebuild.module.ts';
import { ReleasesModule } from './releases/releases.module.ts';
import { AuditStandingsModule } from './audits/audit-standings.module.ts';
import { AuditsModule } from './audits/audits.module.ts';
import { GatewayModule } from './gateway/gateway.module.ts';
import { BundleModule } from './bundle/bundle.module.ts';

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
  DeviceStatesModule,
  JobReportsModule,
  JobsModule,
  PacksModule,
  PlacementModule,
  PoliciesModule,
  ReplicasModule,
  RestoresModule,
  RunsModule,
  SnapshotsModule,
  VaultsModule,
  DeviceViewsModule,
  OverviewModule,
  GatewayModule,
  ReleasesModule,
  AuditStandingsModule,
  AuditsModule,
  RebuildModule,
  TrimsModule,
  ShedsModule,
  BundleModule,
];
