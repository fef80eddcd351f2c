import { Injectable } from '@nestjs/common';
import type { AuditAnswer } from '#libs/contracts';
import { crossVerdict, unansweredResult } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { PresenceService } from '../presence/presence.service.ts';
import type { AuditAsk, AuditJudgement } from './audit-asks.repository.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import type { JudgementKind } from './audit-queue.entity.ts';
import type { ReplicaKey } from './audit-queue.repository.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditResultsService } from './audit-results.service.ts';
import { AuditTimes } from './audit-times.ts';

/** Expired questions dealt with in one transaction. */
const BATCH = 200;

/** Holders' answers, and what happens when none comes. */
@Injectable()
export class AuditAnswersService {
  constructor(
    private readonly asks: AuditAsksRepository,
    private readonly queue: AuditQueueRepository,
    private readonly results: AuditResultsService,
    private readonly presence: PresenceService,
    private readonly times: AuditTimes,
    private readonly database: Database,
  ) {}

  /** What came too late is treated as if it had not come. */
  async take(deviceId: DeviceId, answers: readonly AuditAnswer[]): Promise<void> {
    await this.database.write(async () => {
      const now = this.times.nowMs();
      const open = new Map(
        (
          await this.asks.find(
            deviceId,
            answers.map((a) => a.auditId),
          )
        ).map((ask) => [ask.auditId, ask]),
      );
      const passed: ReplicaKey[] = [];
      const crosses = new Set<string>();
      for (const answer of answers) {
        const ask = open.get(answer.auditId);
        if (!ask || ask.deadlineMs < now || ask.answer !== null) continue;
        open.delete(ask.auditId);
        if (ask.crossId !== null) crosses.add(ask.crossId);
        if (answer.outcome === 'answered' && ask.expected === null) {
          await this.asks.setAnswer(ask.auditId, answer.answer);
          continue;
        }
        await this.asks.delete([ask.auditId]);
        if (answer.outcome !== 'answered') await this.results.failed(ask, answer.outcome, true);
        else if (answer.answer === ask.expected) passed.push(ask);
        else {
          await this.results.failed(ask, 'wrong', false);
          await this.#judge([ask], 'wrong');
        }
      }
      await this.results.passed(passed);
      for (const crossId of crosses) await this.#settle(crossId, false);
    });
  }

  /** Questions whose time is over. Returns how many. */
  async expire(): Promise<number> {
    return this.database.write(async () => {
      const expired = await this.asks.expired(this.times.nowMs(), BATCH);
      const crosses = new Set<string>();
      for (const ask of expired) {
        if (ask.crossId !== null) crosses.add(ask.crossId);
        else await this.#unanswered(ask);
      }
      await this.asks.delete(expired.filter((ask) => ask.crossId === null).map((ask) => ask.auditId));
      for (const crossId of crosses) await this.#settle(crossId, true);
      return expired.length;
    });
  }

  /** Decides a cross-check once all have answered, or its time is over. */
  async #settle(crossId: string, isOver: boolean): Promise<void> {
    const asks = await this.asks.ofCross(crossId);
    if (!isOver && asks.some((ask) => ask.answer === null)) return;
    await this.asks.delete(asks.map((ask) => ask.auditId));
    const verdict = crossVerdict(asks);
    const answered = asks.filter((ask) => ask.answer !== null);
    if (verdict.kind === 'agreed') await this.results.passed(answered);
    else if (verdict.kind === 'disputed') await this.#judge(answered, 'dispute');
    for (const ask of asks) if (ask.answer === null) await this.#unanswered(ask);
  }

  async #unanswered(ask: AuditAsk): Promise<void> {
    const tries = (await this.queue.find(ask))?.tries ?? 0;
    const online = this.presence.isOnline(ask.deviceId);
    const result = unansweredResult(tries, online, this.times.settings);
    if (result === 'unanswered') await this.results.failed(ask, result, true);
    else await this.results.timedOut(ask, online ? tries + 1 : tries);
  }

  async #judge(asks: readonly AuditAsk[], kind: JudgementKind): Promise<void> {
    const notBeforeMs = this.times.nowMs();
    const judgements: AuditJudgement[] = [];
    for (const { packId, deviceId, nonce, expected, answer } of asks) {
      const said = kind === 'dispute' ? answer : expected;
      // Asked and disputed again before it could be read: the readings go on, or it would never come to an end.
      const tries = await this.asks.triesOf({ packId, deviceId }, kind);
      judgements.push({ packId, deviceId, kind, nonce, expected: said, notBeforeMs, tries });
    }
    await this.asks.addJudgements(judgements);
  }
}
