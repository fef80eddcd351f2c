import { clientLimits } from './client-limits.ts';
import { eventLines } from './event-lines.ts';
import { open, readBody, refusal, unreachable } from './json-request.ts';
import type { PinnedConnections } from './pinned-connection.ts';

/**
 * One connection of the agent channel: yields the JSON of every event, ends by throwing `coordinator_unreachable` when
 * the line breaks or stays silent too long, or with the signal's reason.
 */
export async function* readEvents(
  base: URL,
  connections: PinnedConnections,
  path: string,
  token: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(new Error('the channel went silent')), clientLimits.channelIdleMs);
  watch.unref();
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await open(base, connections, { method: 'GET', path, token, accept: 'text/event-stream' }, either);
    if (response.statusCode !== 200) throw refusal(response.statusCode ?? 0, await readBody(response));
    response.setEncoding('utf8');
    const pieces = async function* (): AsyncGenerator<string> {
      for await (const piece of response as AsyncIterable<string>) {
        watch.refresh();
        yield piece;
      }
    };
    for await (const { event, data } of eventLines(pieces())) {
      if (event === 'comment') continue;
      yield { event, data: withName(event, data) };
    }
    throw new Error('the coordinator ended the channel');
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable(error, base);
  } finally {
    clearTimeout(watch);
    silence.abort(new DOMException('the channel was left', 'AbortError'));
  }
}

/** The name may stand in the event's line, its data, or both. */
function withName(event: string, data: string): unknown {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null && !('event' in value) && event !== 'message') return { event, ...value };
    return value;
  } catch {
    return undefined;
  }
}
