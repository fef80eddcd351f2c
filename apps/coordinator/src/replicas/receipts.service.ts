import { Inject, Injectable } from '@nestjs/common';
import type { JobTask, Receipt, ReceiptList, SignedStatement } from '#libs/contracts';
import { receipt as receiptSchema } from '#libs/contracts';
import { openStatement } from '#libs/crypto';
import type { Clock, DeviceId } from '#libs/kernel';
import { fromBase64Url, isAppError } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ReplicaCountsService } from './replica-counts.service.ts';
import { ReplicaHeld } from './replica-held.ts';
import { ReplicasRepository } from './replicas.repository.ts';

type ReplicateTask = Extract<JobTask, { kind: 'replicate' }>;

/** Receipts listed in one answer. */
const MAX_LISTED = 1000;

/** A replica counts from the moment its holder's signed receipt is accepted, and for no other reason. */
@Injectable()
export class ReceiptsService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly counts: ReplicaCountsService,
    private readonly devices: DevicesService,
    private readonly events: EventsService,
    private readonly held: ReplicaHeld,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Takes a holder's receipt for a task: the replica is held, its pack counted again, the owner told. One that an audit put in quarantine, that
   * is damaged or let go, stays so: a receipt that comes late says nothing new of it, unless it is for the very job that was to replace the damaged
   * copy and was given up. Part of the caller's transaction. Throws `receipt_invalid`.
   */
  async accept(holder: DeviceId, task: ReplicateTask, statement: SignedStatement | undefined, jobId: string): Promise<void> {
    await this.#verify(holder, task, statement);
    const now = this.clock.nowMs();
    const { packId, sizeBytes, generation } = task;
    const known = await this.replicas.find(packId, holder);
    if (known?.status === 'quarantine' || known?.status === 'trimming') return;
    if (known?.status === 'damaged' && known.jobId !== jobId) return;
    const copy = { packId, deviceId: holder, sizeBytes, generation, jobId, heldAtMs: now, confirmedAtMs: now };
    await this.replicas.save([{ ...copy, status: 'held', shedSinceMs: null, damagedAtMs: null }]);
    const kept = { packId, holderDeviceId: holder, ownerDeviceId: task.ownerDeviceId, statement: JSON.stringify(statement) };
    await this.replicas.addReceipt(kept, now);
    await this.counts.recount([packId]);
    await this.held.tell([{ packId, deviceId: holder }]);
    this.events.publishAgent(task.ownerDeviceId, { event: 'receipts' });
    this.events.publishPanel({ event: 'packs', deviceId: task.ownerDeviceId });
  }

  /** An owner's receipts after a cursor, oldest first; the owner asks again while the list is not empty. */
  async list(owner: DeviceId, since: number): Promise<ReceiptList> {
    const rows = await this.replicas.receiptsAfter(owner, since, MAX_LISTED);
    const receipts = rows.map(({ cursor, statement }) => ({ cursor, receipt: JSON.parse(statement) as SignedStatement }));
    return { receipts, nextCursor: receipts.at(-1)?.cursor ?? since };
  }

  async #verify(holder: DeviceId, task: ReplicateTask, statement: SignedStatement | undefined): Promise<Receipt> {
    const { signingKey } = await this.devices.get(holder);
    if (!statement) throw invalid('is missing');
    let body: unknown;
    try {
      body = openStatement('receipt', statement, fromBase64Url(signingKey));
    } catch (cause) {
      if (isAppError(cause)) throw invalid('is not signed by this device', cause);
      throw cause;
    }
    const parsed = receiptSchema.safeParse(body);
    if (!parsed.success) throw invalid('does not say what a receipt says');
    const expected = { ...task, holderDeviceId: holder };
    for (const field of ['packId', 'sizeBytes', 'vaultId', 'ownerDeviceId', 'holderDeviceId', 'generation'] as const) {
      if (parsed.data[field] !== expected[field]) throw invalid(`names another ${field} than the job`);
    }
    return parsed.data;
  }
}

const invalid = (what: string, cause?: unknown): CoordinatorError =>
  new CoordinatorError('receipt_invalid', `The receipt ${what}.`, {
    cause,
    nextStep: 'Fetch the pack again and sign a receipt for exactly what the job names.',
  });
