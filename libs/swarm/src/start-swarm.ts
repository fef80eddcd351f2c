import type { Swarm, SwarmOptions } from './swarm-types.ts';

/**
 * Starts the device's node: listens, admits members of the roster, serves packs. It dials nobody by itself.
 * The network's libraries are loaded here (half a second, 45 MiB), so that who needs only a pack store does not pay for
 * them. Throws `listen_failed`.
 */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const network = await import('./swarm.ts');
  return network.startSwarm(options);
}
