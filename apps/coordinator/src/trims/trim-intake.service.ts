import { Injectable } from '@nestjs/common';
import type { Release, SignedStatement, WantedTrims } from '#libs/contracts';
import { maxPacksPerTrim, release as releaseSchema } from '#libs/contracts';
import { openRelease, peekStatement, releaseHashOf } from '#libs/crypto';
import type { DeviceId, PackId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReleaseSealsService } from '../releases/release-seals.service.ts';
import { ReleaseSignersService } from '../releases/release-signers.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import type { TrimRow } from './trims.repository.ts';
import { TrimRecordService } from './trim-record.service.ts';
import { TrimRulesService } from './trim-rules.service.ts';

/** Takes what an owner signed of the trims that it was asked for, and says what to ask it for. */
@Injectable()
export class TrimIntakeService {
  constructor(
    private readonly rules: TrimRulesService,
    private readonly record: TrimRecordService,
    private readonly signers: ReleaseSignersService,
    private readonly seals: ReleaseSealsService,
    private readonly packs: PacksService,
    private readonly database: Database,
  ) {}

  /** What the owner would be asked to let go, by holder; nothing while the coordinator gets its memory back. */
  async wanted(owner: DeviceId): Promise<WantedTrims> {
    const { vault, nextSequence, oldest } = await this.record.askable(owner, this.rules.trimAfterMs);
    if (!vault || (await this.seals.isClosed())) return { nextSequence, generation: 0, trims: [] };
    const byHolder = new Map<DeviceId, PackId[]>();
    for (const [packId, { holders }] of await this.rules.surplusAt(oldest))
      for (const holder of holders) byHolder.set(holder, [...(byHolder.get(holder) ?? []), packId]);
    // What is to leave a full disk, and what is damaged anyway, need not have been too much for a week.
    const more = [...(await this.record.shedOf(owner)), ...(await this.record.damagedOf(owner))];
    for (const [holder, packIds] of more) {
      const free = await this.rules.dispensable(holder, packIds);
      if (free.size > 0) byHolder.set(holder, [...(byHolder.get(holder) ?? []), ...free]);
    }
    const trims = [...byHolder].map(([holderDeviceId, packIds]) => ({ holderDeviceId, packIds: packIds.slice(0, maxPacksPerTrim) }));
    return { nextSequence, generation: await this.#generation(vault), trims };
  }

  /**
   * The hold of these copies begins at their holder. Idempotent by the statement. Throws `release_invalid` (signature, not a trim),
   * `release_replayed` (its number or generation is past), `trim_refused` (a copy is not there, or no longer one too many), `coordinator_rebuilding`.
   */
  async submit(owner: DeviceId, statement: SignedStatement): Promise<void> {
    const claimed = releaseSchema.safeParse(peek(statement));
    if (!claimed.success) throw invalid('does not say what a trim says');
    await this.database.write(async () => {
      await this.seals.assertOpen();
      const { vault, keys } = await this.signers.of(owner, claimed.data.vaultId, 'release');
      const body = open(statement, keys);
      if (body.ownerDeviceId !== vault.deviceId || body.onlyHolder === undefined || body.onlyHolder === owner)
        throw invalid('does not name another device as its holder');
      const known = await this.record.find(body.releaseId);
      if (known?.releaseHash === releaseHashOf(statement)) return;
      if (known || body.releaseSequence <= (await this.record.lastSequence(vault.vaultId)))
        throw replayed('has a number that was used already');
      if (body.generation !== (await this.#generation(vault))) throw replayed('was signed before a release of the vault was cancelled');
      await this.record.begin(await this.#accepted(vault, body, body.onlyHolder, statement), body.packIds);
    });
  }

  async #accepted(vault: Vault, body: Release, holderDeviceId: DeviceId, statement: SignedStatement): Promise<TrimRow> {
    const packs = (await this.packs.find(body.packIds)).filter((pack) => pack.vaultId === vault.vaultId);
    const dispensable = await this.rules.dispensable(holderDeviceId, await this.record.heldAt(holderDeviceId, body.packIds));
    if (packs.length !== body.packIds.length || dispensable.size !== body.packIds.length) {
      throw new CoordinatorError('trim_refused', 'Some of these copies are not there, or are needed by now.', {
        context: { releaseId: body.releaseId, named: body.packIds.length, dispensable: dispensable.size },
        nextStep: 'Nothing was let go; the coordinator asks again for what is really too much.',
      });
    }
    const sealed = this.seals.countersign({ statement: JSON.stringify(statement) });
    return {
      ...{
        releaseId: body.releaseId,
        vaultId: vault.vaultId,
        deviceId: vault.deviceId,
        holderDeviceId,
        trimSequence: body.releaseSequence,
      },
      ...{ state: 'holding', packs: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.sizeBytes, 0) },
      ...{ statement: JSON.stringify(statement), releaseHash: releaseHashOf(statement), countersign: sealed.countersign, cancel: null },
      ...{ receivedAtMs: sealed.countersignedAtMs, holdUntilMs: sealed.holdUntilMs },
    };
  }

  async #generation(vault: Vault): Promise<number> {
    return (await this.packs.generations([vault.vaultId])).get(vault.vaultId) ?? 0;
  }
}

function peek(statement: SignedStatement): unknown {
  try {
    return peekStatement('release', statement);
  } catch {
    return undefined;
  }
}

function open(statement: SignedStatement, keys: Parameters<typeof openRelease>[1]): Release {
  try {
    return openRelease(statement, keys);
  } catch (cause) {
    if (isAppError(cause)) throw invalid('is not signed by the vault’s owner', cause);
    throw cause;
  }
}

const invalid = (what: string, cause?: unknown): CoordinatorError =>
  new CoordinatorError('release_invalid', `The trim ${what}.`, { cause, nextStep: 'Nothing was let go.' });
const replayed = (what: string): CoordinatorError =>
  new CoordinatorError('release_replayed', `The trim ${what}.`, {
    nextStep: 'Ask what is wanted again, then sign with the next number and the present generation.',
  });
