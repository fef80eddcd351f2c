import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { systemErrorCode } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import type { CommandEvent } from '../output/command-event.ts';
import { commandIdHeader, controlAbout, controlLimits } from './control-protocol.ts';

/** Who answers at the control socket, or undefined when no daemon does. */
export async function findDaemon(address: string): Promise<{ pid: number; version: string; startedAtMs: number } | undefined> {
  try {
    const response = await send(address, 'GET', '/v1/about', undefined, AbortSignal.timeout(controlLimits.connectTimeoutMs));
    let text = '';
    response.setEncoding('utf8');
    for await (const piece of response as AsyncIterable<string>) if ((text += piece).length > 4096) return undefined;
    return controlAbout.parse(JSON.parse(text));
  } catch {
    // Nobody listens, a socket left by a dead process, or something else answers: no daemon in any case.
    return undefined;
  }
}

/**
 * Runs a command in the daemon. The abort asks the daemon to stop it and the stream goes on until it has, so that whoever
 * starts the next command at once finds nothing in its way. A daemon that does not end it in time is left alone.
 */
export async function* runInDaemon(address: string, name: string, args: unknown, signal: AbortSignal): AsyncGenerator<CommandEvent> {
  let ended = false;
  const id = randomUUID();
  const patience = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    timer = setTimeout(() => patience.abort(signal.reason), controlLimits.stopTimeoutMs);
    send(address, 'POST', `/v1/stop/${id}`, '{}', patience.signal).then(
      (answer) => answer.resume(),
      () => patience.abort(signal.reason),
    );
  };
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await send(address, 'POST', `/v1/commands/${name}`, JSON.stringify(args), patience.signal, { [commandIdHeader]: id });
    if (response.statusCode !== 200)
      throw new AgentError('control_failed', `the daemon does not know "${name}"`, {
        nextStep: 'Restart the daemon: it may be an older version.',
      });
    response.setEncoding('utf8');
    let rest = '';
    for await (const piece of response as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > controlLimits.maxLineBytes) throw new AgentError('control_failed', 'the daemon sent a line that is too long');
      for (const line of lines) {
        if (line === '') continue;
        const event = JSON.parse(line) as CommandEvent;
        ended ||= event.event === 'result' || event.event === 'error';
        yield event;
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof AgentError) throw error;
    if (!ended) throw gone(error);
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
    // Left early by the reader: closing the connection stops the command.
    if (!ended) patience.abort(new DOMException('the command was left', 'AbortError'));
  }
  if (!ended) throw gone(undefined);
}

function gone(cause: unknown): AgentError {
  return new AgentError(
    'control_failed',
    `the daemon went away${cause === undefined ? '' : ` (${systemErrorCode(cause) ?? 'connection lost'})`}`,
    {
      status: 'temporary',
      cause,
      nextStep: 'Look at its log, start it again and repeat the command: it goes on where it stopped.',
    },
  );
}

function send(
  address: string,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: address,
        method,
        path,
        signal,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
