import { Injectable } from '@nestjs/common';
import type { PutChallenges, WantedChallenges } from '#libs/contracts';
import { auditNonce } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { PacksService } from '../packs/packs.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { AuditChallengesRepository } from './audit-challenges.repository.ts';
import { AuditTimes } from './audit-times.ts';

export interface Challenge {
  /** base64url of 32 bytes. */
  readonly nonce: string;
  readonly expected: string;
}

/** Packs listed in one answer to an owner. */
const MAX_WANTED = 100;
/** Characters of one answer. */
const ANSWER_LENGTH = 43;

const primitives = nodePrimitives();

/** Challenges as owners make them. They are kept where no holder can get at them, and each is used once. */
@Injectable()
export class AuditChallengesService {
  constructor(
    private readonly challenges: AuditChallengesRepository,
    private readonly packs: PacksService,
    private readonly vaults: VaultsService,
    private readonly database: Database,
    private readonly times: AuditTimes,
  ) {}

  /** Takes an owner's challenges in place of what was left. Throws `vault_not_yours`, `pack_not_found`; all of the call or nothing. */
  async put(deviceId: DeviceId, { vaultId, packs }: PutChallenges): Promise<void> {
    await this.database.write(async () => {
      const vault = await this.vaults.ofDevice(deviceId);
      if (vault?.vaultId !== vaultId) throw new CoordinatorError('vault_not_yours', 'This vault belongs to another device.');
      const known = await this.packs.find(packs.map((p) => p.packId));
      const own = new Set(known.filter((p) => p.vaultId === vaultId).map((p) => p.packId));
      const stranger = packs.find((p) => !own.has(p.packId));
      if (stranger)
        throw new CoordinatorError('pack_not_found', `The pack ${stranger.packId} was not announced for this vault.`, {
          nextStep: 'Announce packs before their challenges.',
        });
      await this.challenges.save(
        packs.map(({ packId, seed, answers }) => ({ packId, seed, answers: answers.join(''), made: answers.length, used: 0 })),
      );
    });
  }

  /** The owner's packs that are short of challenges. None for a device without a vault. */
  async wanted(deviceId: DeviceId, afterOrdinal: number): Promise<WantedChallenges> {
    const vault = await this.vaults.ofDevice(deviceId);
    if (!vault) return { packs: [], nextAfter: null };
    const { first, full, low } = this.times.settings.challenges;
    const rows = await this.challenges.shortOf(vault.vaultId, afterOrdinal, low, MAX_WANTED);
    return {
      // Index packs have more replicas, and use up more.
      packs: rows.map(({ packId, sizeBytes, hasSome, kind }) => ({
        packId,
        sizeBytes,
        challenges: hasSome || kind === 'index' ? full : first,
      })),
      nextAfter: rows.length === MAX_WANTED ? rows.at(-1)!.ordinal : null,
    };
  }

  /** One unused challenge for each of the asked; packs without one are left out. Part of the caller's transaction. */
  async take(packIds: readonly PackId[]): Promise<Map<PackId, Challenge>> {
    const taken = new Map<PackId, Challenge>();
    for (const { packId, seed, answers, made, used } of await this.challenges.find(packIds)) {
      if (used >= made) continue;
      taken.set(packId, {
        nonce: toBase64Url(auditNonce(primitives, fromBase64Url(seed), used)),
        expected: answers.slice(used * ANSWER_LENGTH, (used + 1) * ANSWER_LENGTH),
      });
      await this.challenges.setUsed(packId, used + 1);
    }
    return taken;
  }

  /** They were shown to be wrong: the owner is asked for new ones. */
  throwAway(packId: PackId): Promise<void> {
    return this.challenges.delete([packId]);
  }
}
