/**
 * Every migration in the order of its timestamp: append one line each, never edit one that has been released.
 * Class names end in a 13-digit timestamp (TypeORM orders by it).
 */
import { Accounts1767000002000 } from '../accounts/accounts.migration.ts';
import { AuditLog1767000000000 } from '../audit-log/audit-log.migration.ts';
import { Devices1767000001000 } from '../devices/devices.migration.ts';
import { Schedules1767000004000 } from '../schedules/schedules.migration.ts';
import { Sessions1767000003000 } from '../sessions/sessions.migration.ts';
import { Idempotency1767000005000 } from '../http/idempotency.migration.ts';
import { JoinLinks1767000008000 } from '../join-links/join-links.migration.ts';
import { Roster1767000007000 } from '../roster/roster.migration.ts';
import { Team1767000006000 } from '../team/team.migration.ts';
import { DeviceMarks1767000140000 } from '../devices/device-marks.migration.ts';
import { DeviceStandings1767000103000 } from '../devices/device-standings.migration.ts';
import { JobShares1767000141000 } from '../jobs/job-shares.migration.ts';
import { Jobs1767000106000 } from '../jobs/jobs.migration.ts';
import { Packs1767000102000 } from '../packs/packs.migration.ts';
import { RepairBreaker1767000109000 } from '../placement/repair-breaker.migration.ts';
import { RepairBreakerGrace1767000142000 } from '../placement/repair-breaker-grace.migration.ts';
import { Policies1767000100000 } from '../policies/policies.migration.ts';
import { Replicas1767000104000 } from '../replicas/replicas.migration.ts';
import { ReplicaDamaged1767000190000 } from '../replicas/replica-damaged.migration.ts';
import { Restores1767000108000 } from '../restores/restores.migration.ts';
import { Runs1767000107000 } from '../runs/runs.migration.ts';
import { Snapshots1767000105000 } from '../snapshots/snapshots.migration.ts';
import { Vaults1767000101000 } from '../vaults/vaults.migration.ts';
import { Audits1767000130000 } from '../audits/audits.migration.ts';
import { AuditSlow1767000200000 } from '../audits/audit-slow.migration.ts';
import { Overview1767000110000 } from '../overview/overview.migration.ts';
import { Releases1767000120000 } from '../releases/releases.migration.ts';
import { SnapshotPins1767000122000 } from '../snapshots/snapshot-pins.migration.ts';
import { KeptHeads1767000121000 } from '../vaults/kept-heads.migration.ts';
import { SnapshotAdHoc1767000160000 } from '../snapshots/snapshot-ad-hoc.migration.ts';
import { SnapshotWaited1767000172000 } from '../snapshots/snapshot-waited.migration.ts';
import { SnapshotUnread1767000180000 } from '../snapshots/snapshot-unread.migration.ts';
import { Rebuild1767000150000 } from '../rebuild/rebuild.migration.ts';
import { Trims1767000151000 } from '../trims/trims.migration.ts';
import { Sheds1767000170000 } from '../sheds/sheds.migration.ts';
import { Bundle1767000171000 } from '../bundle/bundle.migration.ts';

export const migrations = [
  AuditLog1767000000000,
  Devices1767000001000,
  Accounts1767000002000,
  Sessions1767000003000,
  Schedules1767000004000,
  Idempotency1767000005000,
  Team1767000006000,
  Roster1767000007000,
  JoinLinks1767000008000,
  Policies1767000100000,
  Vaults1767000101000,
  Packs1767000102000,
  DeviceStandings1767000103000,
  Replicas1767000104000,
  Snapshots1767000105000,
  Jobs1767000106000,
  Runs1767000107000,
  Restores1767000108000,
  RepairBreaker1767000109000,
  Overview1767000110000,
  Releases1767000120000,
  KeptHeads1767000121000,
  SnapshotPins1767000122000,
  Audits1767000130000,
  DeviceMarks1767000140000,
  JobShares1767000141000,
  RepairBreakerGrace1767000142000,
  Rebuild1767000150000,
  Trims1767000151000,
  SnapshotAdHoc1767000160000,
  Sheds1767000170000,
  Bundle1767000171000,
  SnapshotWaited1767000172000,
  SnapshotUnread1767000180000,
  ReplicaDamaged1767000190000,
  AuditSlow1767000200000,
];
