import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { bytesToGiveBack, diskRoom, roomForOthers } from '../heartbeat/disk-room.ts';
import { unreadOf } from '#libs/durability';
import type { HoldKeeper } from '../releases/hold-keeper.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { activeSchedule } from '../schedule/active-schedule.ts';
import { waitingWork } from '../manners/waiting-work.ts';
import { lastScrub } from '../scrub/last-scrub.ts';
import { statusLines } from './status.text.ts';

const args = z.strictObject({});

/** `holdfast status`: the device, its protection, and what is going on; from the disk alone when no daemon runs. */
export const statusCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'reader',
  async *run({ agent, signal }) {
    const { document, live, clock } = agent;
    const view = agent.protection.view();
    const held = agent.held.packs.totals();
    const own = agent.own.totals();
    const room = await diskRoom(agent.held.packs.folder);
    // Without a daemon nobody knows whether the coordinator answers: ask it, shortly.
    const reachable = live
      ? live.channel === 'connected'
      : await agent.coordinator.policy(AbortSignal.any([signal, AbortSignal.timeout(5_000)])).then(
          () => true,
          () => false,
        );
    const folders = agent.backups.folders();
    const { schedule, replicas } = agent.policy.effective;
    const progress = agent.backups.progress;
    yield {
      event: 'result',
      command: 'status',
      exitCode: exitCodes.done,
      device: {
        deviceId: document.deviceId,
        name: document.name,
        peerId: agent.identity.peerId,
        vaultId: document.vaultId,
        team: agent.team.name,
        home: agent.paths.home,
      },
      daemon: live ? { running: true, startedAtMs: live.startedAtMs } : { running: false },
      coordinator: {
        url: agent.coordinator.url,
        reachable,
        lastHeartbeatAtMs: live?.lastHeartbeatAtMs ?? null,
        clockSkewMs: live?.clockSkewMs ?? null,
        lastProblem: live?.lastProblem ?? null,
        reportsWaiting: agent.outbox.waiting,
        rosterVersion: agent.roster.version,
        bundle: { keptMadeAtMs: agent.bundles.newest?.facts.madeAtMs ?? null, ...(live?.bundle ?? { safeSinceMs: null, worrying: false }) },
      },
      state: view.latest === null ? 'empty' : view.packsWaiting === 0 ? 'protected' : 'captured',
      captured:
        view.latest === null
          ? null
          : {
              sequence: view.latest.sequence,
              atMs: view.latest.capturedAtMs,
              partial: view.latest.partial,
              unread: unreadOf(view.latest),
              adHoc: view.latest.adHoc === true,
              packs: view.latest.packIds.length,
              bytes: view.latest.stats.bytes,
              files: view.latest.stats.files,
            },
      protected: view.protected,
      protectedComplete: view.complete,
      packsWaiting: view.packsWaiting,
      replicas,
      holders: view.holders.map((id) => ({ deviceId: id, name: agent.roster.member(id)?.name ?? id })),
      connections: (agent.swarm.running?.connections() ?? []).map((c) => ({
        deviceId: c.peer.deviceId,
        name: c.peer.name,
        kind: c.kind,
        direction: c.direction,
      })),
      addresses: agent.swarm.running?.addresses() ?? [],
      own: { packs: own.packs, bytes: own.bytes },
      held: { packs: held.packs, bytes: held.bytes },
      releases: { waiting: agent.releases.waiting, inHold: sumOf(agent.holds.waiting(), agent.trimHolds.waiting()) },
      waiting: await waitingWork(agent),
      scrub: await lastScrub(agent),
      disk: {
        freeBytes: room.freeBytes,
        availableForPacksBytes: roomForOthers(room, held.bytes, agent.policy.effective.pledge).bytes,
        toGiveBackBytes: bytesToGiveBack(room, held.bytes, agent.policy.effective.pledge),
      },
      folders,
      schedule: { cron: schedule.cron, timeZone: schedule.timeZone },
      nextRunAtMs: folders.length === 0 ? null : live ? (live.nextRunAtMs ?? null) : (nextFire(agent, clock.nowMs()) ?? null),
      nextRunRetry: live?.nextRunRetry ?? null,
      running: agent.runs.running
        ? {
            trigger: agent.runs.running.trigger,
            startedAtMs: agent.runs.running.startedAtMs,
            phase: progress?.phase ?? null,
            filesDone: progress?.filesDone ?? 0,
            bytesDone: progress?.bytesDone ?? 0,
          }
        : null,
      lastRun: agent.runs.runs.findLast((r) => r.state !== 'running') ?? null,
    };
  },
  text: { result: statusLines },
});

function nextFire(agent: AgentRuntime, nowMs: number): number | undefined {
  try {
    return activeSchedule(agent.policy.effective.schedule, 0).fires.next(nowMs);
  } catch {
    return undefined;
  }
}

/** Releases and trims alike: packs that are held only until their hold is over. */
const sumOf = (a: ReturnType<HoldKeeper['waiting']>, b: typeof a): typeof a => ({
  releases: a.releases + b.releases,
  packs: a.packs + b.packs,
});
