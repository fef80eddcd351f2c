import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CreateJoinLink, JoinLink, Page, PageQuery } from '#libs/contracts';
import { buildJoinLink, joinFingerprint, newJoinSecret } from '#libs/crypto';
import type { Clock, RandomSource } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { ServerFacts } from '../http/server-facts.ts';
import { CLOCK, RANDOM } from '../ports/ports.module.ts';
import { hashSecret } from '../sessions/secrets.ts';
import { TeamService } from '../team/team.service.ts';
import type { JoinLinkEntity } from './join-link.entity.ts';
import { JoinLinksRepository } from './join-links.repository.ts';

/** Links that let devices in: for some minutes and one use unless said otherwise. */
@Injectable()
export class JoinLinksService {
  constructor(
    private readonly links: JoinLinksRepository,
    private readonly teams: TeamService,
    private readonly database: Database,
    private readonly events: EventsService,
    private readonly auditLog: AuditLogService,
    private readonly server: ServerFacts,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  /** The only time that the link's `url` is known. */
  async create({ ttlMinutes, uses, site, class: kind }: CreateJoinLink, person: Pick<CurrentPerson, 'email'>): Promise<JoinLink> {
    const { rootKey } = await this.teams.get();
    const secret = newJoinSecret(this.random);
    const now = this.clock.nowMs();
    const link: JoinLinkEntity = {
      joinLinkId: randomUUID(),
      secretHash: hashSecret(secret),
      createdAtMs: now,
      createdBy: person.email,
      expiresAtMs: now + ttlMinutes * 60_000,
      revokedAtMs: null,
      uses,
      usesLeft: uses,
      site,
      class: kind,
    };
    await this.database.write(async () => {
      await this.links.insert(link);
      await this.auditLog.record({
        actor: person.email,
        action: 'join-link.create',
        subject: link.joinLinkId,
        detail: { ttlMinutes, uses, site, class: kind },
      });
      this.events.publishPanel({ event: 'join-links' });
    });
    const fingerprint = joinFingerprint(this.server.tls.derSha256, fromBase64Url(rootKey));
    return { ...this.#toContract(link), url: buildJoinLink({ host: this.server.host, port: this.server.port, secret, fingerprint }) };
  }

  async page(query: PageQuery): Promise<Page<JoinLink>> {
    const { links, total } = await this.links.page(query);
    return { items: links.map((link) => this.#toContract(link)), total, page: query.page, pageSize: query.pageSize };
  }

  /** Revoking again changes nothing. Throws `join_link_not_found`. */
  async revoke(joinLinkId: string, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const link = await this.links.find(joinLinkId);
      if (!link) throw new CoordinatorError('join_link_not_found', 'There is no such join link.');
      if (link.revokedAtMs !== null) return;
      await this.links.revoke(joinLinkId, this.clock.nowMs());
      await this.auditLog.record({ actor: person.email, action: 'join-link.revoke', subject: joinLinkId });
      this.events.publishPanel({ event: 'join-links' });
    });
  }

  /**
   * Spends one use, inside the caller's transaction: it comes back when that fails.
   * Throws `join_link_unknown`, `join_link_used`, `join_link_expired` or `join_link_revoked`.
   */
  async spend(secret: string): Promise<Pick<JoinLinkEntity, 'joinLinkId' | 'site' | 'class' | 'createdBy'>> {
    const link = await this.links.findBySecret(hashSecret(secret));
    if (!link) {
      throw new CoordinatorError('join_link_unknown', 'This join link is not one of this coordinator’s.', {
        nextStep: 'Check that the whole link was copied, or ask for a new one.',
      });
    }
    const state = this.#state(link);
    if (state !== 'open') throw refusal(state);
    await this.links.use(link.joinLinkId);
    this.events.publishPanel({ event: 'join-links' });
    return link;
  }

  /** Whether this is the secret of that link, whatever became of it since. */
  async isBy(joinLinkId: string | null, secret: string): Promise<boolean> {
    return joinLinkId !== null && (await this.links.findBySecret(hashSecret(secret)))?.joinLinkId === joinLinkId;
  }

  #toContract(link: JoinLinkEntity): JoinLink {
    const { joinLinkId, createdAtMs, expiresAtMs, uses, usesLeft, site, class: kind } = link;
    return { joinLinkId, createdAtMs, expiresAtMs, uses, usesLeft, state: this.#state(link), site, class: kind };
  }

  #state(link: JoinLinkEntity): JoinLink['state'] {
    if (link.revokedAtMs !== null) return 'revoked';
    if (link.usesLeft <= 0) return 'used';
    return link.expiresAtMs <= this.clock.nowMs() ? 'expired' : 'open';
  }
}

function refusal(state: 'used' | 'expired' | 'revoked'): CoordinatorError {
  const nextStep = 'Ask an admin for a new join link.';
  switch (state) {
    case 'used':
      return new CoordinatorError('join_link_used', 'This join link has been used.', { nextStep });
    case 'expired':
      return new CoordinatorError('join_link_expired', 'This join link has expired.', { nextStep });
    case 'revoked':
      return new CoordinatorError('join_link_revoked', 'This join link was withdrawn.', { nextStep });
  }
}
