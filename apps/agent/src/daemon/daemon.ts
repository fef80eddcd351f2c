import type { AgentEvent, BundleWish, HeartbeatReply } from '#libs/contracts';
import { answerAudits } from '../audits/answer-audits.ts';
import { auditLimits } from '../audits/audit-limits.ts';
import { ChallengeMaker } from '../audits/challenge-maker.ts';
import { Backoff } from '../coordinator-client/backoff.ts';
import { ChannelLoop } from '../coordinator-client/channel-loop.ts';
import { backupJob } from '../jobs/backup-job.ts';
import { jobLimits } from '../jobs/job-limits.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import { replicateJob } from '../jobs/replicate-job.ts';
import { restoreJob } from '../jobs/restore-job.ts';
import { errorFields } from '../log/agent-log.ts';
import { limitsNow } from '../manners/limits-now.ts';
import { mannerLimits } from '../manners/manner-limits.ts';
import { OutboxLoop } from '../outbox/outbox-loop.ts';
import { nightlyPrune } from '../prune/nightly-prune.ts';
import { memoryIdOf } from '../rebuild/memory-note.ts';
import { reportEverything } from '../rebuild/report-everything.ts';
import { followReleases } from '../releases/follow-releases.ts';
import { holdLimits } from '../releases/hold-limits.ts';
import { ReceiptsSync } from '../receipts/receipts-sync.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { syncRoster } from '../roster/sync-roster.ts';
import { activeSchedule } from '../schedule/active-schedule.ts';
import { Scrub } from '../scrub/scrub.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { Coalesced } from './coalesced.ts';
import { daemonTimes } from './daemon-times.ts';
import { Heartbeats } from './heartbeats.ts';
import { collectWhenQuiet, ownReadings } from './quiet-memory.ts';
import { sendInventory } from './send-inventory.ts';

/** The loops of a running agent: presence, hints, reports, jobs, schedule. Everything ends when `stop` is called. */
export class Daemon {
  readonly #agent: AgentRuntime;
  readonly #stopping = new AbortController();
  readonly #jobs: JobRunner;
  readonly #scheduler: Scheduler;
  readonly #channel: ChannelLoop;
  readonly #outbox: OutboxLoop;
  readonly #loops: Promise<void>[] = [];
  readonly #roster: Coalesced;
  readonly #policy: Coalesced;
  readonly #receipts: Coalesced;
  readonly #inventory: Coalesced;
  readonly #jobsPoll: Coalesced;
  readonly #releases: Coalesced;
  readonly #audits: Coalesced;
  readonly #challenges: Coalesced;
  readonly #report: Coalesced;
  readonly #bundle: Coalesced;
  readonly #scrub: Scrub;
  readonly #heartbeats: Heartbeats;
  #reporting = false;
  #live: { -readonly [K in keyof NonNullable<AgentRuntime['live']>]: NonNullable<AgentRuntime['live']>[K] };

  constructor(agent: AgentRuntime) {
    this.#agent = agent;
    const { clock, random, runs } = agent;
    const scheduler = (): Scheduler => this.#scheduler;
    this.#live = {
      startedAtMs: clock.nowMs(),
      channel: 'disconnected',
      lastHeartbeatAtMs: undefined,
      clockSkewMs: undefined,
      lastProblem: undefined,
      bundle: undefined,
      get nextRunAtMs() {
        return scheduler().nextRunAtMs;
      },
      get nextRunRetry() {
        return scheduler().nextRunRetry;
      },
    };
    agent.live = this.#live;
    this.#heartbeats = new Heartbeats(agent, {
      heard: (reply, at) => this.#heard(reply, at),
      failed: (error) => this.#problem('the coordinator does not answer', error),
    });
    this.#jobs = new JobRunner(agent, { backup: backupJob, replicate: replicateJob, restore: restoreJob(agent) }, (kind) =>
      kind === 'restore' ? true : agent.manners.waits(kind === 'backup' ? 'backup' : 'replicate') === null,
    );
    this.#scheduler = new Scheduler({
      clock,
      random,
      coveredUntilMs: () => runs.coveredUntilMs,
      failuresSince: (sinceMs) => runs.failuresSince(sinceMs),
      run: async (trigger, signal) => {
        await agent.manners.until('backup', signal);
        // A backup that an admin or a person started covers this fire time when it ends.
        await agent.backups.runOrJoin({ trigger, paths: [], signal });
        await nightlyPrune(agent, signal);
      },
      onWake: (sleptMs) => this.#wake(sleptMs),
    });
    this.#channel = new ChannelLoop({
      clock,
      random,
      connect: (signal) => agent.coordinator.events(signal),
      onEvent: (event) => this.#onEvent(event),
      onState: (state, error) => this.#onChannel(state, error),
    });
    this.#outbox = new OutboxLoop(agent.outbox, {
      clock,
      random,
      onFailure: (error) => this.#problem('reports wait for the coordinator', error),
    });
    const guarded = (what: string, work: () => Promise<void>): Coalesced => new Coalesced(work, (error) => this.#problem(what, error));
    // What no loop asks for again and no heartbeat repeats, though the coordinator may wait for it.
    const retried = (what: string, work: () => Promise<void>): Coalesced => {
      const backoff = new Backoff(daemonTimes.retryFirstMs, daemonTimes.retryMaxMs, random);
      return new Coalesced(work, (error) => this.#problem(what, error), { clock, backoff, signal: this.#signal });
    };
    this.#roster = guarded('the roster could not be fetched', () => this.#syncRoster());
    this.#policy = guarded('the policy could not be fetched', () => this.#syncPolicy());
    const receipts = ReceiptsSync.of(agent, {
      renewRoster: () => this.#syncRoster(),
      asked: () => void this.#challenges.ask(),
      signal: this.#signal,
    });
    this.#receipts = retried('receipts could not be fetched', () => receipts.run());
    this.#inventory = retried('the inventory could not be sent', () => sendInventory(agent, this.#signal));
    this.#scrub = Scrub.of(agent, () =>
      agent.backups.isRunning ? 'a backup is running' : (agent.manners.waits('background')?.text ?? null),
    );
    this.#audits = retried('audits could not be answered', () => this.#answerAudits());
    const challenges = new ChallengeMaker(agent);
    this.#challenges = guarded('challenges for audits could not be made', () => challenges.run(this.#signal));
    this.#report = guarded('the coordinator lost its memory and could not be told everything', () => this.#reportEverything());
    this.#bundle = guarded('the bundle of the coordinator could not be kept', () => this.#keepBundle());
    this.#jobsPoll = guarded('jobs could not be fetched', () => this.#jobs.poll(this.#signal));
    this.#releases = guarded('releases could not be followed', () => followReleases(agent, this.#signal));
    agent.releases.onProposed(() => void this.#releases.ask());
  }

  get #signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Starts the swarm and all loops. Throws `listen_failed`. */
  async start(): Promise<void> {
    const agent = this.#agent;
    const signal = this.#signal;
    await agent.swarm.start();
    this.#applyPolicy();
    this.#loops.push(
      this.#heartbeats.runUntilStopped(signal),
      this.#channel.runUntilStopped(signal),
      this.#pollJobs(),
      this.#pollReleases(),
      this.#pollCopies(),
      this.#scheduler.runUntilStopped(signal),
      this.#scrub.runUntilStopped(signal),
      this.#challengesNowAndThen(),
      this.#watchManners(),
      this.#outbox.runUntilStopped(signal),
      this.#firstReport(),
      collectWhenQuiet(agent.clock, ownReadings(), signal),
    );
  }

  /** Ends every loop, lets jobs stop, says good-bye. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new DOMException('the daemon stops', 'AbortError'));
    this.#heartbeats.now();
    await Promise.allSettled([this.#heartbeats.leave(), ...this.#loops, this.#jobs.idle()]);
  }

  async #heard(reply: HeartbeatReply, { sentAtMs, nowMs }: { readonly sentAtMs: number; readonly nowMs: number }): Promise<void> {
    const agent = this.#agent;
    this.#live.lastHeartbeatAtMs = nowMs;
    this.#live.clockSkewMs = Math.round(reply.timeMs - (sentAtMs + nowMs) / 2);
    await this.#note('the time that has passed', () => agent.holdTimer.contact(reply.timeMs));
    if (reply.memory) await this.#remember(reply.memory);
    if (reply.bundle) this.#heardOfBundle(reply.bundle);
    await this.#note('the roster', () => agent.roster.confirm(reply.rosterVersion, nowMs));
    if (reply.rosterVersion > agent.roster.version) void this.#roster.ask();
    if (reply.policyVersion !== agent.policy.version) void this.#policy.ask();
    if (reply.openJobs > 0) void this.#jobsPoll.ask();
  }

  /** A full disk must not keep this device from hearing the rest of what the coordinator says; the newest word is in memory. */
  async #note(what: string, write: () => Promise<void>): Promise<void> {
    await write().catch((error: unknown) => this.#problem(`${what} could not be written down`, error));
  }

  async #remember({ statement, report }: NonNullable<HeartbeatReply['memory']>): Promise<void> {
    await this.#note('how far the coordinator was', () => this.#agent.memory.keep(statement, this.#agent.clock.nowMs()));
    if (report && !this.#reporting) void this.#report.ask();
  }

  #heardOfBundle({ keep, ...team }: BundleWish): void {
    this.#live.bundle = team;
    if (keep !== null && keep !== this.#agent.bundles.newest?.digest) void this.#bundle.ask();
  }

  async #keepBundle(): Promise<void> {
    const { bundles, coordinator, log } = this.#agent;
    const { facts } = await bundles.accept(await coordinator.bundle(this.#signal));
    log.write('info', 'keeps what a new coordinator would need', { madeAtMs: facts.madeAtMs, rosterVersion: facts.rosterVersion });
    // The coordinator counts on it once it has heard.
    this.#heartbeats.now();
  }

  async #reportEverything(): Promise<void> {
    const { memory, log } = this.#agent;
    const memoryId = memory.statement && memoryIdOf(memory.statement);
    if (!memoryId) return;
    this.#reporting = true;
    try {
      log.write('warn', 'the coordinator lost its memory: it is told everything again');
      const told = await reportEverything(this.#agent, memoryId, this.#signal);
      log.write('info', 'the coordinator was told everything again', { ...told });
    } finally {
      this.#reporting = false;
    }
  }

  async #pollJobs(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#agent.clock.sleep(jobLimits.pollMs, this.#signal).catch(() => undefined);
      if (!this.#signal.aborted && this.#live.channel === 'connected') await this.#jobsPoll.ask();
    }
  }

  /** Running time is added up often; what is due and what is new is looked at now and then, and after hints. */
  async #pollReleases(): Promise<void> {
    const { clock, holdTimer } = this.#agent;
    for (let sinceMs = 0; !this.#signal.aborted; sinceMs += holdLimits.tickMs) {
      await clock.sleep(holdLimits.tickMs, this.#signal).catch(() => undefined);
      if (this.#signal.aborted) return;
      await holdTimer.tick().catch((error: unknown) => this.#problem('the running time could not be noted', error));
      if (sinceMs < holdLimits.pollMs || this.#live.channel !== 'connected') continue;
      sinceMs = 0;
      await this.#releases.ask();
    }
  }

  /** Copies get lost without a hint to their owner. */
  async #pollCopies(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#agent.clock.sleep(daemonTimes.copiesMs, this.#signal).catch(() => undefined);
      if (!this.#signal.aborted && this.#live.channel === 'connected') await this.#receipts.ask();
    }
  }

  async #challengesNowAndThen(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#agent.clock.sleep(auditLimits.mintEveryMs, this.#signal).catch(() => undefined);
      if (!this.#signal.aborted && this.#live.channel === 'connected') await this.#challenges.ask();
    }
  }

  async #answerAudits(): Promise<void> {
    const scanSinceMs = await answerAudits(this.#agent, this.#signal);
    if (scanSinceMs !== null) this.#scrub.ask(scanSinceMs);
  }

  /** What was captured but never reported, from runs that were cut off. */
  async #firstReport(): Promise<void> {
    const agent = this.#agent;
    await agent.vault
      .use((vault) => agent.reporter.reconcile(vault, { fromScratch: true }))
      .catch((error: unknown) => this.#problem('the vault could not be opened', error));
  }

  #onEvent(event: AgentEvent): void {
    switch (event.event) {
      case 'hello':
        // State may have changed in any way while there was no channel.
        this.#heartbeats.now();
        this.#outbox.hurry();
        void this.#roster.ask();
        void this.#policy.ask();
        void this.#receipts.ask();
        void this.#audits.ask();
        void this.#challenges.ask();
        void this.#inventory.ask();
        void this.#jobsPoll.ask();
        void this.#releases.ask();
        break;
      case 'jobs':
        void this.#jobsPoll.ask();
        break;
      case 'roster':
        if (event.version > this.#agent.roster.version) void this.#roster.ask();
        break;
      case 'policy':
        void this.#policy.ask();
        break;
      case 'receipts':
        void this.#receipts.ask();
        break;
      case 'releases':
        void this.#releases.ask();
        break;
      case 'audits':
        void this.#audits.ask();
        break;
    }
  }

  #onChannel(state: 'connected' | 'disconnected', error: unknown): void {
    if (state === 'connected') this.#agent.log.write('info', 'connected to the coordinator');
    else if (this.#live.channel === 'connected' && !this.#signal.aborted) this.#problem('the channel to the coordinator broke', error);
    this.#live.channel = state;
    if (state === 'connected') this.#live.lastProblem = undefined;
  }

  #wake(sleptMs: number): void {
    this.#agent.log.write('info', 'woke up', { sleptMs });
    this.#channel.reconnectNow();
    this.#heartbeats.now();
  }

  async #syncRoster(): Promise<void> {
    const newer = await syncRoster(this.#agent, this.#signal);
    if (!newer) return;
    void this.#receipts.ask();
    // The hold of a vault that is given up for whoever is out may begin.
    if (newer.revokes) void this.#releases.ask();
  }

  async #syncPolicy(): Promise<void> {
    const agent = this.#agent;
    const changed = await agent.policy.accept(await agent.coordinator.policy(this.#signal), agent.clock.nowMs());
    if (!changed) return;
    agent.log.write('info', 'new policy', { version: agent.policy.version });
    this.#applyPolicy();
  }

  #applyPolicy(): void {
    const agent = this.#agent;
    const { schedule } = agent.policy.effective;
    this.#applyLimits();
    try {
      this.#scheduler.setSchedule(
        agent.backups.folders().length === 0 ? undefined : activeSchedule(schedule, agent.policy.scheduleSinceMs),
      );
    } catch (error) {
      this.#scheduler.setSchedule(undefined);
      this.#problem('the schedule can not be used', error);
    }
  }

  /** Battery, connection and time of day, once a minute. */
  async #watchManners(): Promise<void> {
    const { manners, clock } = this.#agent;
    while (!this.#signal.aborted) {
      const waited = manners.waits('replicate');
      await manners.look();
      this.#applyLimits();
      if (waited !== null && manners.waits('replicate') === null) void this.#jobsPoll.ask();
      await clock.sleep(mannerLimits.lookMs, this.#signal).catch(() => undefined);
    }
  }

  #applyLimits(): void {
    const { policy, clock, manners, swarm } = this.#agent;
    swarm.running?.setRates(limitsNow(policy.effective, clock.nowMs(), manners.metered));
  }

  #problem(message: string, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#live.lastProblem = message;
    this.#agent.log.write('warn', message, errorFields(error));
  }
}
