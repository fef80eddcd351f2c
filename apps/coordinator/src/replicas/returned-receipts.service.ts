import { Injectable } from '@nestjs/common';
import type { Receipt, ReturnReceipts, SignedStatement } from '#libs/contracts';
import { receipt as receiptSchema } from '#libs/contracts';
import { openStatement, peekStatement } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReplicaCountsService } from './replica-counts.service.ts';
import { ReplicaHeld } from './replica-held.ts';
import type { ReceiptEntity, ReplicaEntity } from './replica.entity.ts';
import { ReplicasRepository } from './replicas.repository.ts';
import { ShownPacksRepository } from './shown-packs.repository.ts';

export interface ReturnedFrom {
  readonly nowMs: number;
  /** The Ed25519 key of a member that may hold packs; undefined for anybody else. */
  readonly keyOf: (holder: DeviceId) => Uint8Array | undefined;
  /** Whether a device has shown its whole inventory since the loss: what it did not name is not there, whatever it signed once. */
  readonly hasShown: (holder: DeviceId) => boolean;
}

/** Receipts that an owner hands back after the coordinator lost them. Each is believed for its holder's signature, not for who brings it. */
@Injectable()
export class ReturnedReceiptsService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly shown: ShownPacksRepository,
    private readonly counts: ReplicaCountsService,
    private readonly held: ReplicaHeld,
    private readonly packs: PacksService,
    private readonly database: Database,
  ) {}

  /**
   * Makes replicas of them where the pack is announced by this owner just so and nothing else is on record. Others are passed over, so a
   * call may be repeated. Returns how many replicas came back.
   */
  async take(owner: DeviceId, returned: ReturnReceipts['receipts'], from: ReturnedFrom): Promise<number> {
    const genuine = returned.flatMap(({ cursor, receipt }) => {
      const body = opened(owner, receipt, from.keyOf);
      return body ? [{ cursor, statement: receipt, body }] : [];
    });
    if (genuine.length === 0) return 0;
    const packIds = [...new Set(genuine.map(({ body }) => body.packId))];
    return this.database.write(async () => {
      const packs = new Map((await this.packs.find(packIds)).map((pack) => [pack.packId, pack]));
      const known = new Map((await this.replicas.ofPacks(packIds)).map((row) => [`${row.packId}/${row.deviceId}`, row]));
      const shown = new Map((await this.shown.of(packIds)).map((row) => [`${row.packId}/${row.deviceId}`, row]));
      const receipts = await this.replicas.receiptsFor(packIds);
      const back = new Map<string, ReplicaEntity>();
      const kept: ReceiptEntity[] = [];
      for (const { cursor, statement, body } of genuine) {
        const { packId, holderDeviceId: deviceId, sizeBytes, generation } = body;
        const at = `${packId}/${deviceId}`;
        const [row, seen] = [known.get(at), shown.get(at)];
        if (!isAbout(body, packs.get(packId))) continue;
        const isMissing = !row || row.status === 'pending';
        if (isMissing && !seen && from.hasShown(deviceId)) continue;
        if (isMissing) {
          const [heldAtMs, confirmedAtMs] = [Math.min(body.atMs, from.nowMs), seen?.shownAtMs ?? null];
          back.set(at, {
            packId,
            deviceId,
            status: 'held',
            sizeBytes,
            generation,
            jobId: null,
            heldAtMs,
            confirmedAtMs,
            shedSinceMs: null,
            damagedAtMs: null,
          });
        }
        if (receipts.has(at)) continue;
        receipts.add(at);
        kept.push({ cursor, packId, holderDeviceId: deviceId, ownerDeviceId: owner, statement: JSON.stringify(statement) });
      }
      await this.replicas.save([...back.values()]);
      await this.shown.forget([...back.keys()].flatMap((at) => shown.get(at) ?? []));
      // Under the numbers that they had: their owner has them and need not fetch them again.
      await this.replicas.addLostReceipts(kept, from.nowMs);
      await this.counts.recount([...new Set([...back.values()].map((one) => one.packId))]);
      await this.held.tell([...back.values()].map(({ packId, deviceId }) => ({ packId, deviceId })));
      return back.size;
    });
  }
}

function opened(owner: DeviceId, statement: SignedStatement, keyOf: ReturnedFrom['keyOf']): Receipt | undefined {
  try {
    const claimed = receiptSchema.parse(peekStatement('receipt', statement));
    const key = claimed.holderDeviceId === owner ? undefined : keyOf(claimed.holderDeviceId);
    if (!key || claimed.ownerDeviceId !== owner) return undefined;
    return receiptSchema.parse(openStatement('receipt', statement, key));
  } catch {
    return undefined;
  }
}

const isAbout = (receipt: Receipt, pack: PackRow | undefined): boolean =>
  pack !== undefined &&
  pack.ownerDeviceId === receipt.ownerDeviceId &&
  pack.vaultId === receipt.vaultId &&
  pack.sizeBytes === receipt.sizeBytes;
