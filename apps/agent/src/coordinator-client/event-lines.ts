import { AgentError } from '../errors.ts';
import { clientLimits } from './client-limits.ts';

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Server-sent events (WHATWG HTML, "event stream interpretation") out of pieces of text. Comments come out as events
 * named `comment`, so that a reader knows that the line lives. Ids and retry are not used.
 * Throws `response_too_large` when one event is longer than allowed.
 */
export async function* eventLines(pieces: AsyncIterable<string>): AsyncGenerator<StreamEvent> {
  let rest = '';
  let event = 'message';
  let data: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > clientLimits.maxEventBytes) throw tooLong();
    for (const line of lines) {
      length += line.length;
      if (length > clientLimits.maxEventBytes) throw tooLong();
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') };
        [event, data, length] = ['message', [], 0];
      } else if (line.startsWith(':')) {
        yield { event: 'comment', data: line.slice(1).trim() };
      } else {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event = value;
        else if (field === 'data') data.push(value);
      }
    }
  }
}

function tooLong(): AgentError {
  return new AgentError('response_too_large', `an event of the coordinator's channel is longer than ${clientLimits.maxEventBytes} bytes`);
}
