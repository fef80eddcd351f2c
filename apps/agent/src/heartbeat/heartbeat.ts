import type { HeartbeatReply } from '#libs/contracts';
import { agentVersion } from '../cli/agent-version.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { bytesToGiveBack, diskRoom, roomForOthers } from './disk-room.ts';

/** Tells the coordinator that this device is there, where it is reached and what it has room for. */
export async function sendHeartbeat(
  agent: AgentRuntime,
  options: { readonly leaving: boolean },
  signal?: AbortSignal,
): Promise<HeartbeatReply> {
  const room = await diskRoom(agent.held.packs.folder);
  const onDisk = agent.held.packs.totals();
  const held = await agent.damagedCopies.totals();
  const toGiveBackBytes = bytesToGiveBack(room, onDisk.bytes, agent.policy.effective.pledge);
  return agent.coordinator.heartbeat(
    {
      addresses: (agent.swarm.running?.addresses() ?? []).filter((a) => a.length <= 300).slice(0, 32),
      agentVersion,
      timeMs: agent.clock.nowMs(),
      freeBytes: room.freeBytes,
      availableForPacksBytes: roomForOthers(room, onDisk.bytes, agent.policy.effective.pledge).bytes,
      heldBytes: held.bytes,
      heldPacks: held.packs,
      ...(toGiveBackBytes > 0 && { toGiveBackBytes }),
      vaultId: agent.document.vaultId,
      leaving: options.leaving,
      memory: agent.memory.statement,
      bundle: agent.bundles.newest?.digest ?? null,
    },
    signal,
  );
}
