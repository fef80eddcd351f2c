import { Injectable, Logger } from '@nestjs/common';
import { slowResult, unansweredResult } from '#libs/durability';
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

type Unread = Extract<BlockProof, { kind: 'slow' | 'unreachable' }>;

/** Decides by the blocks themselves where answers contradict each other, or where nobody else could say. */
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
   * Tried again, up to {@link MAX_TRIES} times; a lone holder is asked anew by its next audit. In a dispute each reading counts as if it were an audit: the fourth that the
   * holder was too slow for, or the fourth that it was silent at, ends it, and those that found it away count for nothing.
   */
  async #notRead(judgement: AuditJudgement, proof: Unread): Promise<void> {
    const { packId, deviceId, kind, tries } = judgement;
    const key = { packId, deviceId };
    const after = await this.#resultOf(key, proof);
    const isOver = kind === 'lone' || (kind === 'dispute' && after.result !== 'timed_out');
    if (!isOver && tries + 1 < MAX_TRIES) {
      if (kind === 'dispute') await this.queue.update(key, after.counted);
      await this.asks.addJudgements([{ ...judgement, tries: tries + 1, notBeforeMs: this.times.retry(tries + 1) }]);
      return;
    }
    await this.asks.deleteJudgement(key);
    if (kind === 'wrong') return;
    // To be read was the question: nobody else could be asked and no challenge is left, or the others could not settle it.
    if (after.result === 'slow') await this.results.tooSlow(key);
    else if (after.result === 'unanswered') await this.results.failed(key, 'unanswered', true);
    else if (proof.kind === 'slow') await this.results.readSlowly(key, after.counted.slowReads);
    else await this.results.timedOut(key, after.counted.tries);
  }

  /**
   * As with any audit, silence is a failure in the end, absence and our own node's trouble never; slowness must not put it off for ever. Neither makes the other look
   * like itself: who was slow three times and silent once is not called absent, which is held against the holder as a whole.
   */
  async #resultOf(key: ReplicaKey, proof: Unread) {
    const { tries = 0, slowReads = 0 } = (await this.queue.find(key)) ?? {};
    const { settings } = this.times;
    if (proof.kind === 'slow') return { result: slowResult(slowReads, settings), counted: { tries, slowReads: slowReads + 1 } };
    return {
      result: unansweredResult(tries, proof.silent, settings),
      counted: { tries: proof.silent ? tries + 1 : tries, slowReads },
    };
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
