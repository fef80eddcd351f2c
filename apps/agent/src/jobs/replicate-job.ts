import { AgentError } from '../errors.ts';
import { diskRoom, roomForOthers } from '../heartbeat/disk-room.ts';
import { formatBytes } from '../output/format.ts';
import type { JobHandler } from './job-runner.ts';

/**
 * Fetches a pack of another device, keeps it, and signs for it. Throws `pledge_exceeded` and `reserve_reached` before
 * anything is fetched, and what the swarm throws (`source_unavailable`, `store_full`, …). Room comes back when somebody
 * frees some, so both are temporary: the coordinator asks again, with growing pauses.
 */
export const replicateJob: JobHandler<'replicate'> = async (task, { agent, signal, report }) => {
  const { packId, sizeBytes, vaultId, ownerDeviceId, packKind, generation } = task;
  const { deviceId } = agent.document;
  if (ownerDeviceId === deviceId) throw new AgentError('job_invalid', 'a device does not hold its own packs for itself');
  const { makeReceipt } = await import('#libs/swarm');
  const about = (await agent.held.packs.has(packId)) ? await agent.held.about(packId) : undefined;
  if (about && about.vaultId === vaultId && about.generation < generation) await agent.held.restamp(packId, { ...about, generation });
  if (!about) {
    const ownerKey = agent.roster.member(ownerDeviceId)?.signingKey;
    if (!ownerKey) {
      throw new AgentError('device_not_found', "the pack's owner is not in the roster that this device has", {
        status: 'temporary',
        context: { ownerDeviceId },
        nextStep: 'Wait for the newest roster; the coordinator asks again.',
      });
    }
    await refuseWithoutRoom(agent, sizeBytes);
    const swarm = await agent.swarm.start();
    const sinceMs = agent.clock.nowMs();
    await swarm.fetchPack(packId, sizeBytes, {
      from: task.sources.filter((source) => source !== deviceId),
      into: agent.held.sinkFor({ vaultId, ownerDeviceId, packKind, generation, sinceMs, ownerKey }),
      signal,
      onProgress: (p) => report({ filesDone: p.leavesDone, filesTotal: p.leavesTotal, bytesDone: p.bytesDone, bytesTotal: sizeBytes }),
    });
  }
  const receipt = makeReceipt(agent.identity.seed, {
    packId,
    sizeBytes,
    vaultId,
    ownerDeviceId,
    holderDeviceId: deviceId,
    generation,
    atMs: agent.clock.nowMs(),
  });
  return { receipt };
};

async function refuseWithoutRoom(agent: Parameters<JobHandler<'replicate'>>[1]['agent'], sizeBytes: number): Promise<void> {
  const room = roomForOthers(await diskRoom(agent.held.packs.folder), agent.held.packs.totals().bytes, agent.policy.effective.pledge);
  if (sizeBytes <= room.bytes) return;
  const left = formatBytes(room.bytes);
  throw room.limit === 'pledge'
    ? new AgentError('pledge_exceeded', `the pack has ${formatBytes(sizeBytes)}; the pledge leaves ${left}`, {
        status: 'temporary',
        context: { sizeBytes, roomBytes: room.bytes },
        nextStep: 'Raise the pledge in the policy, or add machines.',
      })
    : new AgentError('reserve_reached', `the pack has ${formatBytes(sizeBytes)}; the disk's reserve leaves ${left}`, {
        status: 'temporary',
        context: { sizeBytes, roomBytes: room.bytes },
        nextStep: 'Free disk space on this machine.',
      });
}
