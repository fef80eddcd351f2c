import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { needsCoordinator, withServices } from './offline.module.ts';

/** Prints whether the chain holds; false when it does not. Throws `setup_needed`. */
export async function verifyAuditLog(config: CoordinatorConfig): Promise<boolean> {
  needsCoordinator(config);
  const { entries, brokenAt, head } = await withServices(config, (services) => services.get(AuditLogService, { strict: false }).verify());
  if (brokenAt !== null) {
    console.log(`The audit log is broken at entry ${brokenAt}: it or one before was altered or removed.`);
    return false;
  }
  console.log(`The audit log holds: ${entries} entries, newest hash ${head}.`);
  return true;
}
