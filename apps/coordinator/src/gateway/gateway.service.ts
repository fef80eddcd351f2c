import { Injectable } from '@nestjs/common';
import { nodePrimitives } from '#libs/crypto/node';
import type { PackId, VaultId } from '#libs/kernel';
import { isAppError, messageOf } from '#libs/kernel';
import { VerifiedBlocks, leafCount, limits } from '#libs/vault';
import { CoordinatorError } from '../errors.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { LocationsService } from '../replicas/locations.service.ts';
import { CoordinatorSwarmService } from './coordinator-swarm.service.ts';

const primitives = nodePrimitives();

/** Leaves of one answer: bounds what a browser has to hold. */
export const maxLeaves = 32;

export interface LeafRange {
  readonly sizeBytes: number;
  readonly leaves: AsyncIterable<Uint8Array>;
}

/**
 * Packs for browsers: ciphertext from whichever holder is online, checked against the pack's id so that a holder that lies or
 * breaks off is replaced by the next. Nothing is stored, nothing can be decrypted here.
 */
@Injectable()
export class GatewayService {
  constructor(
    private readonly packs: PacksService,
    private readonly locations: LocationsService,
    private readonly swarm: CoordinatorSwarmService,
  ) {}

  /** Throws `pack_not_found`, `no_holder_online`, `pack_unavailable`. */
  async root(vaultId: VaultId, packId: PackId, signal: AbortSignal): Promise<Uint8Array> {
    const blocks = await this.#open(await this.packs.get(vaultId, packId));
    return translated(blocks.rootBlock(packId, { signal }));
  }

  /** The first leaf has arrived when this resolves, so that what goes wrong up to then has a proper answer. Throws as {@link root}, and `request_invalid`. */
  async leaves(
    vaultId: VaultId,
    packId: PackId,
    range: { readonly first: number; readonly count: number },
    signal: AbortSignal,
  ): Promise<LeafRange> {
    const pack = await this.packs.get(vaultId, packId);
    const total = leafCount(pack.sizeBytes);
    if (range.first >= total) {
      throw new CoordinatorError('request_invalid', `The request is not valid: first: the pack has ${total} leaves.`, {
        context: { packId },
      });
    }
    const blocks = await this.#open(pack);
    const end = Math.min(total, range.first + range.count);
    const leaves = blocks.leaves(packId, range.first, end - range.first, { signal });
    const first = await translated(leaves.next());
    const sizeBytes = Math.min(pack.sizeBytes, end * limits.leafBytes) - range.first * limits.leafBytes;
    return { sizeBytes, leaves: withFirst(first, leaves) };
  }

  async #open({ packId }: PackRow): Promise<VerifiedBlocks> {
    const swarm = await this.swarm.current();
    const { locations } = await this.locations.of([packId]);
    const online = (locations[0]?.holders ?? []).filter((holder) => holder.online).map((holder) => holder.deviceId);
    if (online.length === 0) {
      throw new CoordinatorError('no_holder_online', 'No device that has a needed pack is online now.', {
        context: { packId, holders: locations[0]?.holders.length ?? 0 },
        nextStep: 'Wait until more colleagues’ machines are switched on, or add an anchor.',
      });
    }
    return new VerifiedBlocks({ primitives, sources: swarm.blockSources(online), cacheLeaves: 0 });
  }
}

async function* withFirst(first: IteratorResult<Uint8Array>, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** What holders did wrong becomes this API's own codes; the details go to the log. */
async function translated<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof CoordinatorError || !isAppError(cause)) throw cause;
    throw new CoordinatorError('pack_unavailable', 'No device that is online could give a needed pack.', {
      cause,
      context: { reason: messageOf(cause), code: cause.code },
      nextStep: 'Try again in a moment; if it stays, look at the holders of this device’s packs.',
    });
  }
}
