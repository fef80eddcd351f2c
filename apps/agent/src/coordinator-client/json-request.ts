import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { z } from 'zod';
import { problem } from '#libs/contracts';
import { isAppError, messageOf, systemErrorCode } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import { clientLimits } from './client-limits.ts';
import type { PinnedConnections } from './pinned-connection.ts';

/**
 * What an agent says names what it is about (a pack, a run, a signed statement), so every call may be repeated when its answer was
 * lost; idempotency keys are for callers whose calls make something new.
 */
export interface JsonRequest<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the coordinator's address, with the leading slash. */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told the coordinator's time (whole seconds) as its answer shows it. */
  readonly onServerTime?: ((timeMs: number) => void) | undefined;
  /** Undefined: the answer's body is not looked at. */
  readonly answer: z.ZodType<T> | undefined;
}

/**
 * One request, one answer, both JSON, both of bounded size and time.
 * Throws `coordinator_unreachable` (temporary), `pin_mismatch`, `coordinator_refused` (`context.problem` has the
 * coordinator's own code; temporary for 408, 429 and 5xx), `response_too_large`, `response_invalid`.
 */
export async function jsonRequest<T>(base: URL, connections: PinnedConnections, spec: JsonRequest<T>): Promise<T> {
  const signal = AbortSignal.any([AbortSignal.timeout(clientLimits.requestTimeoutMs), ...(spec.signal ? [spec.signal] : [])]);
  try {
    const response = await open(base, connections, spec, signal);
    const text = await readBody(response);
    const serverTimeMs = Date.parse(response.headers.date ?? '');
    if (spec.onServerTime && Number.isFinite(serverTimeMs)) spec.onServerTime(serverTimeMs);
    const status = response.statusCode ?? 0;
    if (status >= 400) throw refusal(status, text);
    if (!spec.answer) return undefined as T;
    const parsed = spec.answer.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new AgentError(
      'response_invalid',
      `the coordinator's answer to ${spec.method} ${spec.path.split('?')[0]} is not what this version expects`,
      {
        context: {
          issue: parsed.error.issues[0] ? `${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`.slice(0, 200) : '',
        },
        nextStep: 'Update the agent or the coordinator so that both have the same version.',
      },
    );
  } catch (error) {
    throw spec.signal?.aborted ? spec.signal.reason : unreachable(error, base);
  }
}

/** The response's head; the body is still to be read. Used for the event channel too. */
export function open(
  base: URL,
  connections: PinnedConnections,
  spec: Pick<JsonRequest<unknown>, 'method' | 'path' | 'body' | 'token'> & { accept?: string },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = spec.body === undefined ? undefined : JSON.stringify(spec.body);
    const outgoing = request(
      {
        agent: connections,
        host: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port || 443,
        method: spec.method,
        path: spec.path,
        signal,
        headers: {
          accept: spec.accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...(spec.token ? { authorization: `Bearer ${spec.token}` } : {}),
        },
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export async function readBody(response: IncomingMessage, maxBytes: number = clientLimits.maxResponseBytes): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBytes) {
      response.destroy();
      throw new AgentError('response_too_large', `the coordinator sent more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** What an error answer means. Its text is the coordinator's, shortened. */
export function refusal(status: number, text: string): AgentError {
  const parsed = problem.safeParse(parseJson(text));
  const said = parsed.success ? parsed.data : undefined;
  const temporary = status === 408 || status === 429 || status >= 500;
  const details = said?.errors?.map((e) => `${e.path}: ${e.message}`).join('; ');
  const message = [said?.detail ?? said?.title ?? `the coordinator answered ${status}`, details].filter(Boolean).join(' - ').slice(0, 500);
  return new AgentError('coordinator_refused', message, {
    status: temporary ? 'temporary' : 'permanent',
    context: { httpStatus: status, problem: said?.code },
    ...(said?.nextStep ? { nextStep: said.nextStep } : {}),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Network failures of every kind as one temporary error; our own errors unchanged. */
export function unreachable(error: unknown, base: URL): unknown {
  if (isAppError(error)) return error;
  return new AgentError(
    'coordinator_unreachable',
    `the coordinator at ${base.host} can't be reached: ${systemErrorCode(error) ?? messageOf(error)}`,
    {
      status: 'temporary',
      cause: error,
      context: { host: base.host },
      nextStep: 'Check the network and that the coordinator runs; what is to be reported is kept and sent later.',
    },
  );
}
