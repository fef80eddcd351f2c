import { coordinatorCertificate } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { CryptoError, cryptoReady, openStatement, renewCoordinatorCertificate, wipeTeamKeys } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { Database } from '../database/database.ts';
import { TeamService } from '../team/team.service.ts';
import type { KitOptions } from './kit-file.ts';
import { openKitFile } from './kit-file.ts';
import { needsCoordinator, withServices } from './offline.module.ts';

export interface RenewOptions extends KitOptions {
  readonly json?: boolean;
}

/**
 * `holdfast-coordinator renew-certificate`: the team root's word for the coordinator's key, for another year. Beside a running coordinator or without
 * one; devices notice nothing. The kit is opened in this process only and wiped after. Throws what the kit is refused with, `setup_needed`, `other_team`,
 * and `bad_signature` where the certificate that is there was not signed by this team's root: its key may be anybody's.
 */
export async function renewCertificate(config: CoordinatorConfig, options: RenewOptions): Promise<void> {
  needsCoordinator(config);
  await cryptoReady();
  const keys = await openKitFile(options);
  try {
    const notAfterMs = await withServices(config, (services) =>
      renew(
        services.get(TeamService, { strict: false }),
        services.get(AuditLogService, { strict: false }),
        services.get(Database, { strict: false }),
        keys,
      ),
    );
    const until = new Date(notAfterMs).toISOString().slice(0, 10);
    console.log(
      options.json ? JSON.stringify({ event: 'renewed', notAfterMs }) : `The certificate is valid until ${until}. Devices notice nothing.`,
    );
  } finally {
    wipeTeamKeys(keys);
  }
}

async function renew(teams: TeamService, auditLog: AuditLogService, database: Database, keys: TeamKeys): Promise<number> {
  const team = await teams.get();
  if (team.teamId !== keys.teamId)
    throw new CryptoError('other_team', 'the recovery kit is of another team', { nextStep: `Use the kit of the team "${team.name}".` });
  const before = coordinatorCertificate.parse(openStatement('coordinator-certificate', team.document.coordinator, keys.root.publicKey));
  const renewed = renewCoordinatorCertificate(keys, fromBase64Url(before.coordinatorKey), Date.now());
  const { notAfterMs } = coordinatorCertificate.parse(openStatement('coordinator-certificate', renewed, keys.root.publicKey));
  await database.write(async () => {
    await teams.renew(renewed);
    await auditLog.record({ actor: 'shell', action: 'coordinator.renew-certificate', subject: team.name, detail: { notAfterMs } });
  });
  return notAfterMs;
}
