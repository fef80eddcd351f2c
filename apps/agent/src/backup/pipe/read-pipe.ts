import { createConnection } from 'node:net';
import { AgentError } from '../../errors.ts';
import { pipeLimits } from './pipe-protocol.ts';

/**
 * What the command line sends, in order, in pieces of at most 1 MiB. Throws `input_incomplete` when the source failed or the connection was cut off
 * before the end: what came is not all of it.
 */
export async function* readPipe(address: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const socket = createConnection(address);
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      for (;;) {
        if (rest.length < 4) break;
        const length = rest.readUInt32LE(0);
        if (length > pipeLimits.maxFrameBytes) throw incomplete('the command line sent something that is no frame');
        if (length === 0) {
          if (rest.length > 5 + pipeLimits.maxReasonBytes) throw incomplete('the reason is too long');
          break;
        }
        if (rest.length < 4 + length) break;
        yield rest.subarray(4, 4 + length);
        rest = rest.subarray(4 + length);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AgentError ? error : incomplete('the command line went away before the end', error);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
  signal.throwIfAborted();
  const whole = rest.length >= 5 && rest.readUInt32LE(0) === 0;
  if (!whole) throw incomplete('the command line went away before the end');
  if (rest[4] !== 0) throw incomplete(rest.toString('utf8', 5));
}

function incomplete(why: string, cause?: unknown): AgentError {
  return new AgentError('input_incomplete', why, { status: 'temporary', nextStep: 'Run it again.', cause });
}
