import { Injectable } from '@nestjs/common';
import { AuditAnswers } from '#libs/crypto';
import { readingEndsAfterMs } from '#libs/durability';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId } from '#libs/kernel';
import { fromBase64Url, isAppError, messageOf, toBase64Url } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';
import { openRootBlock } from '#libs/vault';
import { CoordinatorSwarmService } from '../gateway/coordinator-swarm.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { AuditTimes } from './audit-times.ts';

export type BlockProof =
  /** Every block matches its CID. `answer`: what the nonce's right answer is. */
  | { readonly kind: 'whole'; readonly answer: string }
  /** A block that was sent does not match, or the holder says that it has none that does. */
  | { readonly kind: 'damaged'; readonly what: string }
  /** Blocks came, but too slowly, or the holder broke off; it was online all the while and our node was connected with others. */
  | { readonly kind: 'slow'; readonly why: string }
  /**
   * It could not be read now; proves nothing. `silent`: the holder was online all the while and our node was connected with others, so that it is the
   * holder that gave no answer.
   */
  | { readonly kind: 'unreachable'; readonly why: string; readonly silent: boolean };

const primitives = nodePrimitives();

/** A block came within this time before the end: no silence. Longer than the pause after which a transfer gives up. */
const SLOW_MS = 30_000;

/** What a holder answers when its own copy is not whole. */
const damagedCodes = ['pack_not_found', 'pack_corrupt', 'block_corrupt', 'pack_invalid'];

/** Reads a whole pack from one holder and compares every block with its CID: costs the pack's size on the wire, and shows who is wrong. */
@Injectable()
export class BlockProofs {
  constructor(
    private readonly swarm: CoordinatorSwarmService,
    private readonly presence: PresenceService,
    private readonly times: AuditTimes,
  ) {}

  /** Never throws. Whoever falls below the least speed is cut off, so that it ends in a time that the pack's size bounds. */
  async prove(deviceId: DeviceId, packId: PackId, nonce: string, signal: AbortSignal): Promise<BlockProof> {
    if (!this.presence.isOnline(deviceId)) return { kind: 'unreachable', why: 'it is not online', silent: false };
    let swarm: Swarm | undefined;
    let heardAtMs = Number.NEGATIVE_INFINITY;
    const least = new LeastSpeed(this.times.settings);
    const asked = AbortSignal.any([signal, least.signal]);
    const notRead = (why: string): BlockProof => {
      if (!this.#isItsDoing(deviceId, swarm)) return { kind: 'unreachable', why, silent: false };
      const came = heardAtMs > performance.now() - SLOW_MS || (least.signal.aborted && heardAtMs > 0);
      return came ? { kind: 'slow', why } : { kind: 'unreachable', why, silent: true };
    };
    try {
      swarm = await this.swarm.current();
      const source = swarm.blockSource(deviceId);
      const root = openRootBlock(primitives, packId, await source.rootBlock(packId, { signal: asked }));
      const hash = new AuditAnswers(primitives, [fromBase64Url(nonce)]);
      let leaf = 0;
      for await (const bytes of source.leaves(packId, 0, root.leafCount, { signal: asked })) {
        if (leaf >= root.leafCount || !root.verifyLeaf(leaf, bytes))
          return { kind: 'damaged', what: `block ${leaf} does not match its CID` };
        hash.update(bytes);
        leaf += 1;
        heardAtMs = performance.now();
        least.came(bytes.length);
      }
      if (leaf < root.leafCount) return notRead('it broke off');
      return { kind: 'whole', answer: toBase64Url(hash.answers()[0]!) };
    } catch (error) {
      const codes = codesOf(error);
      const damaged = codes.find((code) => damagedCodes.includes(code));
      return damaged ? { kind: 'damaged', what: messageOf(error) } : notRead(messageOf(error));
    } finally {
      least.end();
    }
  }

  /** Our own node may be what nobody can reach: then nobody is to blame. */
  #isItsDoing(deviceId: DeviceId, swarm: Swarm | undefined): boolean {
    return this.presence.isOnline(deviceId) && (swarm?.connections() ?? []).some(({ peer }) => peer.deviceId !== deviceId);
  }
}

/** Aborts `signal` when what came is less than what must have come by now. */
class LeastSpeed {
  readonly #settings: AuditTimes['settings'];
  readonly #over = new AbortController();
  readonly #startedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(settings: AuditTimes['settings']) {
    this.#settings = settings;
    this.came(0);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  came(bytes: number): void {
    this.#bytes += bytes;
    clearTimeout(this.#timer);
    const leftMs = this.#startedAtMs + readingEndsAfterMs(this.#bytes, this.#settings) - performance.now();
    this.#timer = setTimeout(() => this.#over.abort(new Error('it gave its blocks too slowly')), leftMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Codes of an error and of what caused it. */
function codesOf(error: unknown): string[] {
  if (!isAppError(error)) return [];
  return [error.code, ...(error.cause === error ? [] : codesOf(error.cause))];
}
