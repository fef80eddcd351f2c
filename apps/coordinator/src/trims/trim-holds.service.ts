import { Injectable } from '@nestjs/common';
import type { HeldReleases, ReleaseStatements, SignedStatement } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { ReleaseSealsService } from '../releases/release-seals.service.ts';
import { TrimRecordService } from './trim-record.service.ts';
import { TrimRulesService } from './trim-rules.service.ts';
import type { TrimRow } from './trims.repository.ts';
import { TrimsRepository } from './trims.repository.ts';

/** What holders ask and tell of trims, and what ends one. */
@Injectable()
export class TrimHoldsService {
  constructor(
    private readonly trims: TrimsRepository,
    private readonly record: TrimRecordService,
    private readonly rules: TrimRulesService,
    private readonly seals: ReleaseSealsService,
    private readonly database: Database,
  ) {}

  async of(holder: DeviceId): Promise<HeldReleases> {
    const rows = await this.trims.ofHolder(holder);
    return { releases: rows.flatMap(({ releaseId, state }) => (state === 'done' ? [] : [{ releaseId, state }])) };
  }

  /** Throws `release_not_found`. */
  async statements(holder: DeviceId, releaseId: string): Promise<ReleaseStatements> {
    const trim = await this.#of(holder, releaseId);
    const parsed = (text: string): SignedStatement => JSON.parse(text) as SignedStatement;
    return {
      release: parsed(trim.statement),
      countersign: parsed(trim.countersign),
      cancel: trim.cancel === null ? null : parsed(trim.cancel),
    };
  }

  /**
   * The word that the holder waits for before it deletes, with the packs that enough others have at this very moment; the rest counts
   * again. Throws `release_not_found`, `release_cancelled`, `release_hold_running`, `coordinator_rebuilding`.
   */
  async confirm(holder: DeviceId, releaseId: string, nonce: string): Promise<SignedStatement> {
    return this.database.write(async () => {
      await this.seals.assertOpen();
      const trim = await this.#of(holder, releaseId);
      if (trim.state === 'cancelled') throw new CoordinatorError('release_cancelled', 'The trim was cancelled: keep the packs.');
      if (trim.holdUntilMs > this.seals.nowMs()) {
        throw new CoordinatorError('release_hold_running', 'The hold of this trim is not over.', {
          status: 'temporary',
          nextStep: 'Keep the packs and ask again later.',
        });
      }
      const packIds = await this.#reviewed(trim);
      return this.seals.confirm(trim, { holderDeviceId: holder, nonce, packIds });
    });
  }

  /** The holder deleted packs after its hold. Idempotent. Throws `release_not_found`. */
  async deleted(holder: DeviceId, releaseId: string, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async () => {
      const trim = await this.#of(holder, releaseId);
      if (trim.state !== 'holding') return;
      await this.record.deleted(trim, packIds);
      await this.record.endIfDone(trim);
    });
  }

  /** Void for good. Cancelling again changes nothing. Throws `release_not_found`, `release_ended`. */
  async cancel(releaseId: string, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const trim = await this.trims.find(releaseId);
      if (!trim) throw notFound(releaseId);
      if (trim.state === 'cancelled') return;
      if (trim.state === 'done')
        throw new CoordinatorError('release_ended', 'The trim is done.', { nextStep: 'What is needed is copied again.' });
      await this.record.cancel(trim, this.seals.cancel(trim), person.email);
    });
  }

  /** Copies that are wanted again count again long before their hold is over; trims of which nothing is left are done. */
  async review(signal: AbortSignal): Promise<void> {
    if (await this.seals.isClosed()) return;
    for (const { releaseId } of await this.trims.holding()) {
      if (signal.aborted) return;
      await this.database.write(async () => {
        const trim = await this.trims.find(releaseId);
        if (trim?.state !== 'holding') return;
        await this.#reviewed(trim);
        await this.record.endIfDone(trim);
      });
    }
  }

  /** What may still go. */
  async #reviewed(trim: TrimRow): Promise<PackId[]> {
    const leaving = await this.record.leaving(trim);
    const dispensable = await this.rules.dispensable(trim.holderDeviceId, leaving);
    await this.record.keep(
      trim,
      leaving.filter((packId) => !dispensable.has(packId)),
    );
    return leaving.filter((packId) => dispensable.has(packId));
  }

  async #of(holder: DeviceId, releaseId: string): Promise<TrimRow> {
    const trim = await this.trims.find(releaseId);
    if (trim?.holderDeviceId !== holder) throw notFound(releaseId);
    return trim;
  }
}

const notFound = (releaseId: string): CoordinatorError =>
  new CoordinatorError('release_not_found', 'There is no such trim that concerns this device.', { context: { releaseId } });
