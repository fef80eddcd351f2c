import { AccountsService } from '../accounts/accounts.service.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { dataFolder } from '../config/load-config.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CoordinatorError } from '../errors.ts';
import { ServerFacts } from '../http/server-facts.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { readListening } from './listening.ts';
import { needsCoordinator, withServices } from './offline.module.ts';

/** Prints a one-time link that signs in. Throws `setup_needed` or `account_not_found`. */
export async function printLoginLink(config: CoordinatorConfig, { email, json }: { email?: string; json?: boolean }): Promise<void> {
  needsCoordinator(config);
  const origin =
    readListening(dataFolder(config))?.origin ?? new ServerFacts(config, { certificate: '', key: '', derSha256: new Uint8Array() }).origin;
  const link = await withServices(config, async (services) => {
    const accounts = services.get(AccountsService, { strict: false });
    const account = email === undefined ? await accounts.firstOwner() : await accounts.findByEmail(email);
    if (!account && email === undefined)
      throw new CoordinatorError('setup_needed', 'There is no account yet.', {
        nextStep: 'Open the set-up link that the coordinator prints when it starts.',
      });
    if (!account) throw new CoordinatorError('account_not_found', `There is no account with the address ${email}.`);
    const { ticket, expiresAtMs } = await services.get(SessionsService, { strict: false }).createTicket(account.userId);
    await services.get(AuditLogService, { strict: false }).record({ actor: 'shell', action: 'session.ticket', subject: account.email });
    return { url: `${origin}/sign-in#${ticket}`, email: account.email, expiresAtMs };
  });
  console.log(json ? JSON.stringify(link) : link.url);
}
