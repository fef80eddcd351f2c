import { AgentError } from '../errors.ts';
import { diskRoom, roomForOthers } from '../heartbeat/disk-room.ts';
import { formatBytes } from '../output/format.ts';
import type { FetchPackOptions } from '#libs/swarm';
import type { JobHandler } from './job-runner.ts';
import { replaceDamaged } from './replace-damaged.ts';

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
  const isThere = await agent.held.packs.has(packId);
  const known = isThere ? await agent.held.about(packId) : undefined;
  if (known && known.vaultId === vaultId && known.generation < generation) await agent.held.restamp(packId, { ...known, generation });
  // What is there already is read again before it is signed for: a receipt is about the whole pack as it is now.
  const isWhole = known !== undefined && (await agent.held.packs.verify(packId, { signal })).whole;
  if (!isWhole) {
    const ownerKey = known?.ownerKey ?? agent.roster.member(ownerDeviceId)?.signingKey;
    if (!ownerKey) {
      throw new AgentError('device_not_found', "the pack's owner is not in the roster that this device has", {
        status: 'temporary',
        context: { ownerDeviceId },
        nextStep: 'Wait for the newest roster; the coordinator asks again.',
      });
    }
    await refuseWithoutRoom(agent, sizeBytes);
    const swarm = await agent.swarm.start();
    // A note that is there keeps what it says: whose pack it is does not change by being damaged.
    const about = known
      ? { ...known, generation: Math.max(known.generation, generation) }
      : { vaultId, ownerDeviceId, packKind, generation, sinceMs: agent.clock.nowMs(), ownerKey };
    const options = {
      from: task.sources.filter((source) => source !== deviceId),
      signal,
      onProgress: (p: Parameters<NonNullable<FetchPackOptions['onProgress']>>[0]) =>
        report({ filesDone: p.leavesDone, filesTotal: p.leavesTotal, bytesDone: p.bytesDone, bytesTotal: sizeBytes }),
    };
    if (isThere) await replaceDamaged(agent, swarm, { packId, sizeBytes, about }, options);
    else await swarm.fetchPack(packId, sizeBytes, { ...options, into: agent.held.sinkFor(about) });
  }
  // It was read whole, or fetched with every block checked.
  await agent.damagedCopies.note(packId, false);
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
