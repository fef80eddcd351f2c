import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CommitSnapshot } from '#libs/contracts';
import { unreadOf } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { readNeededPacks } from './needed-packs.ts';
import { SnapshotProtectionService } from './snapshot-protection.service.ts';
import type { SnapshotRow, SnapshotSummary } from './snapshots.repository.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** Takes note of snapshots. The vault's head goes forward only: a lower or a second head of one sequence is refused. */
@Injectable()
export class SnapshotsService {
  constructor(
    private readonly snapshots: SnapshotsRepository,
    private readonly protection: SnapshotProtectionService,
    private readonly vaults: VaultsService,
    private readonly events: EventsService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Idempotent: the same snapshot again changes nothing. Throws `vault_not_yours`, `snapshot_conflict` (the sequence is not
   * above the newest one, or it was used for another head), `request_invalid` (a bitmap that is none, or too large).
   */
  async commit(deviceId: DeviceId, body: CommitSnapshot): Promise<void> {
    const needed = readNeededPacks(body.neededPacks);
    await this.database.write(async () => {
      const vault = await this.vaults.claim(body.vaultId, deviceId);
      if (await this.#isRepeated(body)) return;
      if (vault.headSequence !== null && body.sequence <= vault.headSequence) throw rollback(body.sequence, vault.headSequence);
      const counts = await this.protection.start(vault, needed);
      const { vaultId, sequence, startedAtMs, endedAtMs, partial, stats, neededPacks } = body;
      await this.snapshots.insert({
        snapshotId: randomUUID(),
        deviceId,
        receivedAtMs: this.clock.nowMs(),
        ...{ vaultId, sequence, startedAtMs, endedAtMs, partial, stats, neededPacks },
        adHoc: body.adHoc === true ? true : null,
        unread: unreadOf(body) || null,
        waitedMs: body.waitedMs ?? null,
        headHash: hashOf(body.head),
        ...counts,
      });
      await this.vaults.storeHead(vault, body.head, sequence);
      this.events.publishPanel({ event: 'snapshots', deviceId });
    });
  }

  /** Throws `snapshot_not_found`. */
  async get(vaultId: CommitSnapshot['vaultId'], sequence: number): Promise<SnapshotRow> {
    const snapshot = await this.snapshots.find(vaultId, sequence);
    if (!snapshot)
      throw new CoordinatorError('snapshot_not_found', `The vault has no snapshot ${sequence}.`, { context: { vaultId, sequence } });
    return snapshot;
  }

  summaries(): Promise<SnapshotSummary[]> {
    return this.snapshots.summaries();
  }

  async #isRepeated(body: CommitSnapshot): Promise<boolean> {
    const known = await this.snapshots.find(body.vaultId, body.sequence);
    if (!known) return false;
    // One that came back from its owner's newest head has no hash of its own.
    if (known.headHash === '' || known.headHash === hashOf(body.head)) return true;
    throw new CoordinatorError('snapshot_conflict', `The vault already has another snapshot ${body.sequence}.`, {
      context: { vaultId: body.vaultId, sequence: body.sequence },
      nextStep: 'Two copies of this device seem to write one vault: stop one of them and join it as a new device.',
    });
  }
}

const hashOf = (head: string): string => createHash('sha256').update(head).digest('base64url');

const rollback = (sequence: number, newest: number): CoordinatorError =>
  new CoordinatorError('snapshot_conflict', `The snapshot ${sequence} is not newer than ${newest}, which the coordinator has.`, {
    context: { sequence, newest },
    nextStep: 'The device’s folder seems to be an old copy: let it fetch the vault’s newest head before it backs up again.',
  });
