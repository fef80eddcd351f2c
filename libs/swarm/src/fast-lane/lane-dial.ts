import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { messageOf, systemClock } from '#libs/kernel';
import type { LeafMemory } from '../pack-store/leaf-memory.ts';
import type { LaneAddress } from './lane-address.ts';
import type { LaneIdentity } from './lane-identity.ts';
import { provedPeerId } from './lane-identity.ts';
import { fastLaneLimits } from './limits.ts';
import type { ReadInto } from './response-reader.ts';
import { ResponseReader } from './response-reader.ts';

export interface Reached {
  readonly socket: TLSSocket;
  readonly reader: ResponseReader;
  readonly address: LaneAddress;
}

/**
 * The first of several addresses at which the device with this peer id proves itself; the others are let go. They are tried
 * a moment apart. Rejects with every address's reason, or the signal's.
 */
export async function reachFirst(
  addresses: readonly LaneAddress[],
  peerId: string,
  identity: LaneIdentity,
  memory: LeafMemory,
  signal: AbortSignal,
): Promise<Reached> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  const tries = addresses.map(async (address, n) => {
    if (n > 0) await systemClock.sleep(n * fastLaneLimits.nextAddressMs, limited);
    const reached = await reach(address, peerId, identity, memory, limited);
    // Two at the same moment: one is enough.
    if (stop.signal.aborted) reached.socket.destroy();
    else stop.abort(new Error('another address was first'));
    return reached;
  });
  try {
    return await Promise.any(tries);
  } catch (error) {
    signal.throwIfAborted();
    const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
    throw new Error(reasons.join('; '), { cause: error });
  } finally {
    stop.abort(new Error('the attempt is over'));
  }
}

function reach(
  { host, port }: LaneAddress,
  peerId: string,
  identity: LaneIdentity,
  memory: LeafMemory,
  signal: AbortSignal,
): Promise<Reached> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const reader = new ResponseReader(memory);
    // `onread` is documented for tls.connect, and not in its types.
    const options: ConnectionOptions & { onread: ReadInto } = { ...identity, host, port, onread: reader.onread };
    const socket = connect(options);
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const failed = (error?: Error): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(new Error(`${host} port ${port}: ${error ? messageOf(error) : 'the connection was closed'}`));
    };
    const closed = (): void => failed();
    socket.on('error', failed);
    socket.once('close', closed);
    socket.once('secureConnect', () => {
      if (provedPeerId(socket) !== peerId) return failed(new Error('another device answers there'));
      signal.removeEventListener('abort', onAbort);
      socket.off('error', failed);
      socket.off('close', closed);
      // Between now and the next listener an error must not end the process.
      socket.on('error', () => undefined);
      socket.setNoDelay(true);
      resolve({ socket, reader, address: { host, port } });
    });
  });
}
