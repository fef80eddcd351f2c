import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { SetupRequest } from '#libs/contracts';
import type { VerifiedTeam } from '#libs/crypto';
import { CryptoError, openTeamDocument } from '#libs/crypto';
import type { Clock, DeviceId, RandomSource } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import type { Account } from '../accounts/accounts.service.ts';
import { AccountsService } from '../accounts/accounts.service.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK, RANDOM } from '../ports/ports.module.ts';
import { RosterService } from '../roster/roster.service.ts';
import { newSecret, sameSecret } from '../sessions/secrets.ts';
import { TeamService } from '../team/team.service.ts';

/** First start: the browser made the team's keys and certified this coordinator; here that is checked and kept. */
@Injectable()
export class SetupService {
  /** Of this process only: a restart prints a new link. */
  readonly #token: string;

  constructor(
    private readonly teams: TeamService,
    private readonly accounts: AccountsService,
    private readonly devices: DevicesService,
    private readonly roster: RosterService,
    private readonly database: Database,
    private readonly auditLog: AuditLogService,
    private readonly identity: CoordinatorIdentity,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) random: RandomSource,
  ) {
    this.#token = newSecret(random);
  }

  async isNeeded(): Promise<boolean> {
    return (await this.teams.find()) === null;
  }

  /** What to print at the start; undefined when there is nothing to set up. */
  async link(origin: string): Promise<string | undefined> {
    return (await this.isNeeded()) ? `${origin}/setup#${this.#token}` : undefined;
  }

  /** Founds the team and its owner's account. Throws `setup_done`, `setup_token_wrong` or `team_document_invalid`. */
  async complete({ token, account, teamDocument }: SetupRequest): Promise<Account> {
    if (!(await this.isNeeded())) throw done();
    if (!sameSecret(token, this.#token)) {
      throw new CoordinatorError('setup_token_wrong', 'This set-up link is not the one that the coordinator printed.', {
        nextStep: 'Use the link of its newest start: a restart makes a new one.',
      });
    }
    const now = this.clock.nowMs();
    const team = this.#verify(teamDocument, now);
    const owner = await this.accounts.prepare({ ...account, role: 'owner' });
    const coordinatorDeviceId = randomUUID() as DeviceId;
    await this.database.write(async () => {
      if (!(await this.isNeeded())) throw done();
      const keys = { rootKey: toBase64Url(team.rootKey), recoveryKey: toBase64Url(team.recoveryKey) };
      await this.teams.found({
        teamId: team.teamId,
        name: team.name,
        ...keys,
        document: teamDocument,
        coordinatorDeviceId,
        createdAtMs: now,
      });
      await this.accounts.insert(owner);
      await this.#joinSwarm(coordinatorDeviceId, now);
      await this.auditLog.record({
        actor: owner.email,
        action: 'team.found',
        subject: team.name,
        detail: { teamId: team.teamId, rootKey: keys.rootKey },
      });
    });
    return owner;
  }

  #verify(document: SetupRequest['teamDocument'], nowMs: number): VerifiedTeam {
    let team: VerifiedTeam;
    try {
      team = openTeamDocument(document, nowMs);
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      throw new CoordinatorError('team_document_invalid', `The team document is not acceptable: ${cause.message}.`, {
        cause,
        ...(cause.nextStep && { nextStep: cause.nextStep }),
      });
    }
    if (toBase64Url(team.coordinatorKey) === this.identity.publicKey) return team;
    throw new CoordinatorError('team_document_invalid', 'The certificate is for another coordinator’s key.', {
      nextStep: 'Reload the set-up page and start again.',
    });
  }

  /** The coordinator is a member of the swarm: meeting point, relay, and reader for the panel. */
  async #joinSwarm(deviceId: DeviceId, enrolledAtMs: number): Promise<void> {
    const { peerId, publicKey: signingKey, boxPublicKey: boxKey } = this.identity;
    const kind = {
      class: 'coordinator',
      name: 'coordinator',
      site: 'coordinator',
      os: process.platform,
      agentVersion: '',
      joinLinkId: null,
    } as const;
    await this.devices.add({ deviceId, peerId, signingKey, boxKey, ...kind, enrolledAtMs });
    await this.roster.changed();
  }
}

const done = (): CoordinatorError =>
  new CoordinatorError('setup_done', 'This coordinator is already set up.', { nextStep: 'Sign in instead.' });
