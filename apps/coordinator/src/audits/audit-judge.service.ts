import { Injectable, Logger } from '@nestjs/common';
import { unansweredResult } from '#libs/durability';
import { messageOf } from '#libs/kernel';
import { Database } from '../database/database.ts';
import type { AuditJudgement } from './audit-asks.repository.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import type { ReplicaKey } from './audit-queue.repository.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditChallengesService } from './audit-challenges.service.ts';
import { AuditResultsService } from './audit-results.service.ts';
import { AuditTimes } from './audit-times.ts';
import type { BlockProof } from './block-proof.ts';
import { BlockProofs } from './block-proof.ts';

/** Packs read in one sweep: 256 MiB a minute at most, which no link of a server notices. */
const PER_SWEEP = 8;
/** Times that a holder is tried before what can't be decided is left undecided. */
const MAX_TRIES = 5;
/** No further pack is begun when those of one sweep took this long: a slow holder makes others wait for the next one, not for all of its packs. */
const SWEEP_MS = 120_000;

/** Decides by the blocks themselves where answers contradict each other, or where nobody else could say. */
type Unread = Extract<BlockProof, { kind: 'slow' | 'unreachable' }>;
/** Not its absence, nor our own node's trouble. */
const isItsDoing = (proof: Unread): boolean => proof.kind === 'slow' || proof.silent;

@Injectable()
export class AuditJudgeService {
  readonly #log = new Logger('audits');

  constructor(
    private readonly asks: AuditAsksRepository,
    private readonly queue: AuditQueueRepository,
    private readonly challenges: AuditChallengesService,
    private readonly results: AuditResultsService,
    private readonly proofs: BlockProofs,
    private readonly times: AuditTimes,
    private readonly database: Database,
  ) {}

  /** Judges what waits, one after the other. */
  async run(signal: AbortSignal): Promise<void> {
    const startedAtMs = performance.now();
    for (const judgement of await this.asks.judgementsDue(this.times.nowMs(), PER_SWEEP)) {
      signal.throwIfAborted();
      if (performance.now() - startedAtMs > SWEEP_MS) return;
      const { deviceId, packId } = judgement;
      const proof = await this.#proof(judgement, signal);
      this.#log.log({ deviceId, packId, kind: judgement.kind, proof: proof.kind }, 'a replica was judged by its blocks');
      await this.database.write(() => this.#decide(judgement, proof));
    }
  }

  async #proof({ deviceId, packId, nonce }: AuditJudgement, signal: AbortSignal): Promise<BlockProof> {
    try {
      const proof = await this.proofs.prove(deviceId, packId, nonce, signal);
      // Broken off by us, which says nothing of the holder.
      signal.throwIfAborted();
      return proof;
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unreachable', why: messageOf(error), silent: false };
    }
  }

  async #decide(judgement: AuditJudgement, proof: BlockProof): Promise<void> {
    if (proof.kind === 'unreachable' || proof.kind === 'slow') return this.#notRead(judgement, proof);
    const { deviceId, packId, kind } = judgement;
    await this.asks.deleteJudgement({ deviceId, packId });
    if (proof.kind === 'whole') await this.#whole(judgement, proof.answer);
    else if (proof.kind === 'damaged') {
      if (kind === 'wrong') await this.results.proved({ deviceId, packId });
      else await this.results.failed({ deviceId, packId }, 'wrong', true);
    }
  }

  /**
   * Tried again, up to {@link MAX_TRIES} times; a lone holder is asked anew by its next audit. In a dispute each reading counts as if it were an audit: four that the
   * holder was too slow for, or silent at, end it, and those that found it away count for nothing.
   */
  async #notRead(judgement: AuditJudgement, proof: Unread): Promise<void> {
    const { deviceId, packId, kind, tries } = judgement;
    const counts = isItsDoing(proof);
    const before = await this.#unansweredOf(judgement);
    const isOver = kind === 'lone' || (kind === 'dispute' && unansweredResult(before, counts, this.times.settings) !== 'timed_out');
    if (!isOver && tries + 1 < MAX_TRIES) {
      if (kind === 'dispute' && counts) await this.queue.update({ packId, deviceId }, { tries: before + 1 });
      await this.asks.addJudgements([{ ...judgement, tries: tries + 1, notBeforeMs: this.times.retry(tries + 1) }]);
      return;
    }
    await this.asks.deleteJudgement({ deviceId, packId });
    if (kind !== 'wrong') await this.#unread({ deviceId, packId }, proof);
  }

  /**
   * To be read was the question: nobody else could be asked and no challenge is left, or the others could not settle it. As with any, silence is a failure in the end, absence never. Nor may
   * slowness put it off for ever.
   */
  async #unread(key: ReplicaKey, proof: Unread): Promise<void> {
    const tries = await this.#unansweredOf(key);
    const counts = isItsDoing(proof);
    if (unansweredResult(tries, counts, this.times.settings) === 'timed_out') await this.results.timedOut(key, counts ? tries + 1 : tries);
    else if (proof.kind === 'slow') await this.results.tooSlow(key);
    else await this.results.failed(key, 'unanswered', true);
  }

  /** In a row, before this. */
  async #unansweredOf({ packId, deviceId }: ReplicaKey): Promise<number> {
    return (await this.queue.find({ packId, deviceId }))?.tries ?? 0;
  }

  async #whole({ deviceId, packId, kind, nonce, expected }: AuditJudgement, answer: string): Promise<void> {
    if (kind === 'wrong') {
      const ownerIsWrong = answer !== expected;
      await this.results.overruled({ deviceId, packId }, ownerIsWrong);
      if (ownerIsWrong) await this.challenges.throwAway(packId);
    }
    await this.results.passed([{ deviceId, packId }]);
    if (kind === 'dispute') await this.#others(packId, nonce, answer);
  }

  /** The right answer is known by one holder's blocks: who gave another one need not let itself be read to be found out. */
  async #others(packId: AuditJudgement['packId'], nonce: string, answer: string): Promise<void> {
    for (const { deviceId, expected: said } of await this.asks.disputes(packId, nonce)) {
      await this.asks.deleteJudgement({ deviceId, packId });
      if (said === answer) await this.results.passed([{ deviceId, packId }]);
      else await this.results.failed({ deviceId, packId }, 'wrong', true);
    }
  }
}
