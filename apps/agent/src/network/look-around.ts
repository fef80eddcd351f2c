import type { Clock } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';

/** Numbers of a look around, with their reasons. */
const lookingAround = {
  /** Colleagues answer a multicast question within 120 ms (RFC 6762, section 6); theirs and this machine's way through libp2p comes on top. */
  leastMs: 1_000,
  /** A machine that is busy with other things takes longer. Whoever is alone waits so long once, for a command that reaches nobody anyway. */
  mostMs: 6_000,
  everyMs: 100,
} as const;

/** Waits for colleagues on the local network to say where they are: a moment for all of them, and some seconds more while nobody has. */
export async function lookAround(swarm: Pick<Swarm, 'foundNearby'>, clock: Clock): Promise<void> {
  const { leastMs, mostMs, everyMs } = lookingAround;
  const startedMs = clock.nowMs();
  for (let waitedMs = 0; waitedMs < leastMs || (swarm.foundNearby === 0 && waitedMs < mostMs); waitedMs = clock.nowMs() - startedMs)
    await clock.sleep(everyMs);
}
