import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { BundleContent, SignedStatement, TeamDocument } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { bundleDigestOf, openBundle, renewCoordinatorCertificate, signTeam, signingKeyPairFromSeed } from '#libs/crypto';
import type { Clock } from '#libs/kernel';
import { equalBytes, fromBase64Url, toBase64Url } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { MemoriesRepository } from '../rebuild/memories.repository.ts';
import { fingerprintOf, unpackContent } from './bundle-content.ts';
import { BundlesRepository } from './bundles.repository.ts';
import { TeamTablesRepository } from './team-tables.repository.ts';

export interface OpenedBundle {
  readonly statement: SignedStatement;
  readonly content: BundleContent;
}

/** Opens one with the recovery kit, and sees to it that what is sealed is what was signed for. Throws `bad_bundle`, `other_team`, `bundle_invalid`. */
export function openWithKit(statement: SignedStatement, keys: TeamKeys): OpenedBundle {
  const { facts, coordinatorKey, content: packed } = openBundle(statement, keys);
  const content = unpackContent(packed);
  const { publicKey } = signingKeyPairFromSeed(fromBase64Url(content.coordinator.keySeed));
  const fits =
    equalBytes(publicKey, coordinatorKey) && content.madeAtMs === facts.madeAtMs && content.roster.version === facts.rosterVersion;
  if (fits) return { statement, content };
  throw new CoordinatorError('bundle_invalid', 'What is sealed in the bundle is not what was signed.', {
    nextStep: 'Use a bundle from another device, and look at the one that this came from.',
  });
}

/** The newer of two: the roster's version only grows, whatever the clock said. */
export function newerOf(a: OpenedBundle, b: OpenedBundle): OpenedBundle {
  const [left, right] = [a.content, b.content];
  if (left.roster.version !== right.roster.version) return left.roster.version > right.roster.version ? a : b;
  return left.madeAtMs >= right.madeAtMs ? a : b;
}

/** What was put back, for the person who did it. */
export interface TakenOver {
  readonly team: string;
  readonly madeAtMs: number;
  readonly devices: number;
  readonly revoked: number;
  readonly accounts: readonly { readonly email: string; readonly role: string }[];
  readonly leftOut: readonly string[];
}

/** Makes an empty coordinator the one that a bundle is of: its key, its members, its people. Everything else comes from the agents (docs/spec/rebuild.md). */
@Injectable()
export class TakeoverService {
  constructor(
    private readonly tables: TeamTablesRepository,
    private readonly bundles: BundlesRepository,
    private readonly memories: MemoriesRepository,
    private readonly auditLog: AuditLogService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `setup_done` when this coordinator has a team already: nothing is ever overwritten. */
  async assertEmpty(): Promise<void> {
    if (await this.tables.isEmpty()) return;
    throw new CoordinatorError('setup_done', 'This coordinator already has a team: a bundle is only taken by an empty one.', {
      nextStep: 'Start it as it is, or give --home an empty folder (and an empty database, with PostgreSQL).',
    });
  }

  /** All or nothing. The certificate is renewed by the team root, for the key that agents know. Throws `setup_done`. */
  async take({ statement, content }: OpenedBundle, keys: TeamKeys): Promise<TakenOver> {
    const { team, coordinator, madeAtMs, devices, accounts, auditLog, roster } = content;
    const nowMs = this.clock.nowMs();
    const key = signingKeyPairFromSeed(fromBase64Url(coordinator.keySeed)).publicKey;
    const document: TeamDocument = { team: signTeam(keys), coordinator: renewCoordinatorCertificate(keys, key, nowMs) };
    const row = {
      ...{ teamId: keys.teamId, name: keys.name, document },
      ...{ rootKey: toBase64Url(keys.root.publicKey), recoveryKey: toBase64Url(keys.recovery.publicKey) },
      ...{ coordinatorDeviceId: team.coordinatorDeviceId, createdAtMs: team.createdAtMs },
    };
    const when = new Date(madeAtMs).toISOString().slice(0, 16).replace('T', ' ');
    const leftOut = await this.database.write(async () => {
      await this.assertEmpty();
      const skipped = await this.tables.write(row, content);
      await this.#beginMemory(content, `The coordinator was put back from its bundle of ${when} UTC.`, nowMs);
      const text = JSON.stringify(statement);
      const facts = { madeAtMs, rosterVersion: roster.version, sizeBytes: text.length, fingerprint: fingerprintOf(content) };
      await this.bundles.add({ digest: bundleDigestOf(statement), ...facts, statement: text });
      await this.auditLog.record({
        ...{ actor: 'shell', action: 'coordinator.restore', subject: keys.name },
        detail: { madeAtMs, rosterVersion: roster.version, devices: devices.length, accounts: accounts.length, auditLogBefore: auditLog },
      });
      return skipped;
    });
    return {
      team: keys.name,
      madeAtMs,
      devices: devices.filter((device) => device.class !== 'coordinator' && device.membership !== 'revoked').length,
      revoked: devices.filter((device) => device.membership === 'revoked').length,
      accounts: accounts.map(({ email, role }) => ({ email, role })),
      leftOut,
    };
  }

  /** After a loss from the first moment on: nothing is repaired or deleted until the devices have reported. */
  async #beginMemory({ memories }: BundleContent, cause: string, nowMs: number): Promise<void> {
    // Who was started and never set up has one already.
    await this.memories.clear();
    const over = { endedAtMs: nowMs, endedBy: null, afterLoss: false, cause: '' };
    for (const { memoryId, ordinal, mark, sinceMs } of memories) await this.memories.insert({ memoryId, ordinal, mark, sinceMs, ...over });
    const ordinal = memories.reduce((most, memory) => Math.max(most, memory.ordinal), 0) + 1;
    const open = { endedAtMs: null, endedBy: null, afterLoss: true, cause };
    await this.memories.insert({ memoryId: randomUUID(), ordinal, mark: 1, sinceMs: nowMs, ...open });
  }
}
