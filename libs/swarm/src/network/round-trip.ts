import { randomBytes } from 'node:crypto';
import type { Connection } from '@libp2p/interface';
import { equalBytes } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { StreamBytes } from '../pack-transfer/stream-bytes.ts';

/** https://github.com/libp2p/specs/blob/master/ping/ping.md */
const pingProtocol = '/ipfs/ping/1.0.0';
const payloadBytes = 32;

/**
 * Round trip in ms on this very connection; libp2p's own service would look for another one where this is relayed.
 * Throws `source_unavailable`, `protocol_violation`.
 */
export async function roundTripMs(connection: Connection, signal: AbortSignal): Promise<number> {
  const stream = await connection.newStream(pingProtocol, { signal, runOnLimitedConnection: true });
  const onAbort = (): void => stream.abort(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const bytes = new StreamBytes(stream, { onProgress: () => undefined });
    const sent = randomBytes(payloadBytes);
    const started = performance.now();
    await bytes.write(sent);
    const echo = await bytes.read(payloadBytes);
    if (!echo) throw new SwarmError('source_unavailable', 'the device ended the stream', { status: 'temporary' });
    if (!equalBytes(echo, sent)) throw new SwarmError('protocol_violation', 'something else than what was sent came back');
    return Math.round(performance.now() - started);
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.abort(new Error('done'));
  }
}
