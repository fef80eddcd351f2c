import { Injectable } from '@nestjs/common';
import { AuditAnswers } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId } from '#libs/kernel';
import { fromBase64Url, isAppError, messageOf, toBase64Url } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';
import { openRootBlock } from '#libs/vault';
import { CoordinatorSwarmService } from '../gateway/coordinator-swarm.service.ts';
import { PresenceService } from '../presence/presence.service.ts';

export type BlockProof =
  /** Every block matches its CID. `answer`: what the nonce's right answer is. */
  | { readonly kind: 'whole'; readonly answer: string }
  /** A block that was sent does not match, or the holder says that it has none that does. */
  | { readonly kind: 'damaged'; readonly what: string }
  /**
   * It could not be read now; proves nothing. `silent`: the holder was online all the while and our node was connected with others, so that it is the
   * holder that gave no answer.
   */
  | { readonly kind: 'unreachable'; readonly why: string; readonly silent: boolean };

const primitives = nodePrimitives();

/** A block came within this time before the end: a slow line, or a machine that was switched off, and no silence. */
const SLOW_MS = 30_000;

/** What a holder answers when its own copy is not whole. */
const damagedCodes = ['pack_not_found', 'pack_corrupt', 'block_corrupt', 'pack_invalid'];

/** Reads a whole pack from one holder and compares every block with its CID: costs the pack's size on the wire, and shows who is wrong. */
@Injectable()
export class BlockProofs {
  constructor(
    private readonly swarm: CoordinatorSwarmService,
    private readonly presence: PresenceService,
  ) {}

  /** Never throws; once `signal` aborts, what could not be read until then is `unreachable`. */
  async prove(deviceId: DeviceId, packId: PackId, nonce: string, signal: AbortSignal): Promise<BlockProof> {
    if (!this.presence.isOnline(deviceId)) return { kind: 'unreachable', why: 'it is not online', silent: false };
    let swarm: Swarm | undefined;
    let heardAtMs = Number.NEGATIVE_INFINITY;
    const unreachable = (why: string): BlockProof => {
      const slow = performance.now() - heardAtMs < SLOW_MS;
      return { kind: 'unreachable', why, silent: !slow && this.#isSilent(deviceId, swarm) };
    };
    try {
      swarm = await this.swarm.current();
      const source = swarm.blockSource(deviceId);
      const root = openRootBlock(primitives, packId, await source.rootBlock(packId, { signal }));
      const hash = new AuditAnswers(primitives, [fromBase64Url(nonce)]);
      let leaf = 0;
      for await (const bytes of source.leaves(packId, 0, root.leafCount, { signal })) {
        if (leaf >= root.leafCount || !root.verifyLeaf(leaf, bytes))
          return { kind: 'damaged', what: `block ${leaf} does not match its CID` };
        hash.update(bytes);
        leaf += 1;
        heardAtMs = performance.now();
      }
      if (leaf < root.leafCount) return unreachable('it broke off');
      return { kind: 'whole', answer: toBase64Url(hash.answers()[0]!) };
    } catch (error) {
      const codes = codesOf(error);
      const damaged = codes.find((code) => damagedCodes.includes(code));
      return damaged ? { kind: 'damaged', what: messageOf(error) } : unreachable(messageOf(error));
    }
  }

  /** Our own node may be what nobody can reach: then nobody is to blame. */
  #isSilent(deviceId: DeviceId, swarm: Swarm | undefined): boolean {
    return this.presence.isOnline(deviceId) && (swarm?.connections() ?? []).some(({ peer }) => peer.deviceId !== deviceId);
  }
}

/** Codes of an error and of what caused it. */
function codesOf(error: unknown): string[] {
  if (!isAppError(error)) return [];
  return [error.code, ...(error.cause === error ? [] : codesOf(error.cause))];
}
