import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CreateRestore, Page, PageQuery, Restore } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { EventsService } from '../events/events.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { RestoresRepository } from './restores.repository.ts';

/** What became of each restore, as its target device reports it. */
@Injectable()
export class RestoresService {
  constructor(
    private readonly restores: RestoresRepository,
    private readonly events: EventsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Notes a request. Part of the caller's transaction. */
  async add(
    request: Omit<CreateRestore, 'sealedVaultKey'>,
    ownerDeviceId: Restore['ownerDeviceId'],
    requestedBy: string,
  ): Promise<Restore> {
    const { vaultId, snapshotSequence, paths, targetDeviceId, destination, conflict } = request;
    const restore: Restore = {
      restoreId: randomUUID(),
      ...{ vaultId, ownerDeviceId, targetDeviceId, snapshotSequence, paths, destination, conflict, requestedBy },
      ...{
        state: 'waiting',
        createdAtMs: this.clock.nowMs(),
        endedAtMs: null,
        progress: null,
        summary: null,
        errorCode: null,
        errorMessage: null,
      },
    };
    await this.restores.insert(restore);
    this.#published(restore);
    return restore;
  }

  /** Throws `restore_not_found`. */
  async get(restoreId: string): Promise<Restore> {
    const restore = await this.restores.find(restoreId);
    if (!restore) throw new CoordinatorError('restore_not_found', 'There is no such restore.', { context: { restoreId } });
    return restore;
  }

  async page(query: PageQuery): Promise<Page<Restore>> {
    const { rows, total } = await this.restores.page(query);
    return { items: rows, total, page: query.page, pageSize: query.pageSize };
  }

  /** The target works on it. */
  async running(restoreId: string, progress: Restore['progress']): Promise<void> {
    await this.#update(restoreId, { state: 'running', ...(progress ? { progress } : {}) });
  }

  async done(restoreId: string, summary: Restore['summary']): Promise<void> {
    await this.#update(restoreId, { state: 'done', summary, endedAtMs: this.clock.nowMs(), errorCode: null, errorMessage: null });
  }

  /** Final: it will not be tried again. */
  async failed(restoreId: string, error: { readonly code: string; readonly message: string }): Promise<void> {
    await this.#update(restoreId, { state: 'failed', endedAtMs: this.clock.nowMs(), errorCode: error.code, errorMessage: error.message });
  }

  /** An attempt failed and another follows: what went wrong is shown meanwhile. */
  async waitingAgain(restoreId: string, error: { readonly code: string; readonly message: string }): Promise<void> {
    await this.#update(restoreId, { state: 'waiting', errorCode: error.code, errorMessage: error.message });
  }

  async #update(restoreId: string, change: Partial<Restore>): Promise<void> {
    const restore = await this.get(restoreId);
    await this.restores.update(restoreId, change);
    this.#published(restore);
  }

  #published({ targetDeviceId }: Restore): void {
    this.events.publishPanel({ event: 'restores', deviceId: targetDeviceId });
  }
}
