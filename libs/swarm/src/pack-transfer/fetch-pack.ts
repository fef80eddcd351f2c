import type { Clock, PackId } from '#libs/kernel';
import { isAppError, messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { FetchPackOptions, FetchResult, SwarmEvent } from '../swarm-types.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { PackFetch } from './pack-fetch.ts';

export interface Fetcher {
  readonly membership: Membership;
  readonly pool: ConnectionPool;
  readonly clock: Clock;
  readonly onEvent: (event: SwarmEvent) => void;
}

/**
 * Brings one pack into a sink, leaf by verified leaf, from several sources at once when there is enough to share. What one
 * has given is kept whatever becomes of it. A source that lies, refuses, breaks or falls far behind the others is dropped
 * for this pack, and the transfer goes on without it. Memory: a few leaves a source.
 */
export async function fetchPack(fetcher: Fetcher, packId: PackId, sizeBytes: number, options: FetchPackOptions): Promise<FetchResult> {
  const receiver = await options.into.beginReceive(packId, sizeBytes);
  try {
    const fetch = new PackFetch(fetcher, receiver, options);
    await fetch.run();
    if (!receiver.hasRoot || receiver.missing().length > 0) throw noSourceLeft(packId, fetch.failures);
    await receiver.commit();
    return { packId, sizeBytes, ...fetch.report() };
  } finally {
    await receiver.close();
  }
}

function noSourceLeft(packId: PackId, failures: readonly unknown[]): SwarmError {
  const reasons = failures.map(messageOf);
  const onlyDamaged = failures.length > 0 && failures.every((failure) => isAppError(failure, 'pack_corrupt'));
  const notThere = failures.length > 0 && failures.every((failure) => isAppError(failure, 'pack_not_found'));
  const code = onlyDamaged ? 'pack_corrupt' : notThere ? 'pack_not_found' : 'source_unavailable';
  return new SwarmError(code, `pack ${packId} could not be fetched: ${reasons.join('; ') || 'no source was named'}`, {
    // Whatever they answered: machines that find a copy of theirs damaged or gone mend it by themselves.
    status: 'temporary',
    context: { packId },
    nextStep:
      code === 'source_unavailable'
        ? 'Try again when more holders are online; what has arrived is kept.'
        : 'Fetch it from another holder, or try again when this one has mended its copy; what has arrived is kept.',
    cause: failures.length > 1 ? new AggregateError(failures) : failures[0],
  });
}
