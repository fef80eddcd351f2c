import type { DeviceId, PackId } from '#libs/kernel';
import { AppError, isAppError, messageOf } from '#libs/kernel';
import type { RosterMember } from '#libs/contracts';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import { peerOf } from '../membership/membership.ts';
import type { PackReceiver } from '../pack-store/pack-receiver.ts';
import { leafSizeOf } from '../pack-store/pack-root.ts';
import type { FetchPackOptions, FetchResult, SwarmEvent } from '../swarm-types.ts';
import type { PackCarrier, PackConnection } from './carrier.ts';
import { connectBy } from './device-source.ts';

export interface Fetcher {
  readonly membership: Membership;
  readonly carriers: readonly PackCarrier[];
  readonly onEvent: (event: SwarmEvent) => void;
}

/** A source whose connection breaks is asked again as long as each try brings something, this often. */
const triesPerSource = 4;

/**
 * Brings one pack into a sink, leaf by verified leaf. Sources are tried in order; what one has given is kept when the
 * next takes over. A source that lies, stalls or refuses is dropped for this pack. Memory: about two leaves.
 */
export async function fetchPack(fetcher: Fetcher, packId: PackId, sizeBytes: number, options: FetchPackOptions): Promise<FetchResult> {
  const receiver = await options.into.beginReceive(packId, sizeBytes);
  const progress = new FetchProgress(receiver, options);
  const sources: { deviceId: DeviceId; leaves: number; droppedFor?: string }[] = [];
  const failures: unknown[] = [];
  try {
    for (const deviceId of new Set(options.from)) {
      if (receiver.hasRoot && receiver.missing().length === 0) break;
      const before = progress.fetchedLeaves;
      const failure = await drain(fetcher, deviceId, receiver, progress, options.signal);
      const leaves = progress.fetchedLeaves - before;
      sources.push(
        failure === undefined
          ? { deviceId, leaves }
          : { deviceId, leaves, droppedFor: failure instanceof AppError ? failure.code : 'source_unavailable' },
      );
      if (failure !== undefined) failures.push(failure);
    }
    if (!receiver.hasRoot || receiver.missing().length > 0) throw noSourceLeft(packId, failures);
    await receiver.commit();
    return { packId, sizeBytes, fetchedBytes: progress.fetchedBytes, resumedLeaves: progress.resumedLeaves, sources };
  } finally {
    await receiver.close();
  }
}

/** Takes what is missing from one device. Returns why it was dropped; throws what is no fault of the device. */
async function drain(
  fetcher: Fetcher,
  deviceId: DeviceId,
  receiver: PackReceiver,
  progress: FetchProgress,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const device = fetcher.membership.byDevice(deviceId);
  if (!device) return new SwarmError('not_a_member', `device ${deviceId} is not in the roster`, { context: { deviceId } });
  for (let tried = 1; ; tried += 1) {
    const before = progress.fetchedLeaves;
    const failure = await drainOnce(fetcher, device, receiver, progress, signal);
    if (failure === undefined) return undefined;
    const broke = isAppError(failure, 'source_unavailable') && progress.fetchedLeaves > before;
    if (broke && tried < triesPerSource) continue;
    const code = failure instanceof AppError ? failure.code : 'source_unavailable';
    fetcher.onEvent({ kind: 'source-dropped', peer: peerOf(device), packId: receiver.packId, code, message: messageOf(failure) });
    return failure;
  }
}

async function drainOnce(
  fetcher: Fetcher,
  device: RosterMember,
  receiver: PackReceiver,
  progress: FetchProgress,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  let connection: PackConnection | undefined;
  try {
    connection = await connectBy(fetcher.carriers, device, { signal });
    if (!receiver.hasRoot) await receiver.acceptRoot(await connection.rootBlock(receiver.packId, { signal }));
    for (const run of receiver.missing()) {
      let leaf = run.first;
      for await (const bytes of connection.leaves(receiver.packId, run.first, run.count, { signal })) {
        await receiver.acceptLeaf(leaf, bytes);
        progress.took(leaf);
        leaf += 1;
      }
    }
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // Our own disk, or a size that the job got wrong: another source would not help.
    if (isAppError(error, 'store_full') || isAppError(error, 'store_failed') || isAppError(error, 'pack_invalid')) throw error;
    return error;
  } finally {
    await connection?.close();
  }
}

class FetchProgress {
  readonly resumedLeaves: number;
  fetchedLeaves = 0;
  fetchedBytes = 0;
  readonly #receiver: PackReceiver;
  readonly #onProgress: FetchPackOptions['onProgress'];

  constructor(receiver: PackReceiver, options: FetchPackOptions) {
    this.#receiver = receiver;
    this.#onProgress = options.onProgress;
    this.resumedLeaves = receiver.leafCount - receiver.missing().reduce((sum, run) => sum + run.count, 0);
  }

  took(leaf: number): void {
    this.fetchedLeaves += 1;
    this.fetchedBytes += leafSizeOf(this.#receiver.sizeBytes, leaf);
    this.#onProgress?.({
      leavesDone: this.resumedLeaves + this.fetchedLeaves,
      leavesTotal: this.#receiver.leafCount,
      bytesDone: this.fetchedBytes,
    });
  }
}

function noSourceLeft(packId: PackId, failures: readonly unknown[]): SwarmError {
  const reasons = failures.map(messageOf);
  const onlyDamaged = failures.length > 0 && failures.every((failure) => isAppError(failure, 'pack_corrupt'));
  const notThere = failures.length > 0 && failures.every((failure) => isAppError(failure, 'pack_not_found'));
  const code = onlyDamaged ? 'pack_corrupt' : notThere ? 'pack_not_found' : 'source_unavailable';
  return new SwarmError(code, `pack ${packId} could not be fetched: ${reasons.join('; ') || 'no source was named'}`, {
    status: code === 'source_unavailable' ? 'temporary' : 'permanent',
    context: { packId },
    nextStep:
      code === 'source_unavailable' ? 'Try again when more holders are online; what has arrived is kept.' : 'Fetch it from another holder.',
    cause: failures.length > 1 ? new AggregateError(failures) : failures[0],
  });
}
