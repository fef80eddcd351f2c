import type { Options } from 'pino-http';
import { isAppError, messageOf } from '#libs/kernel';

/** What must never reach a log, wherever somebody logs a request or a body. */
const REDACTED = [
  'req.headers',
  'res.headers',
  ...['password', 'token', 'ticket', 'secret', 'proof', 'sealedVaultKey', 'csrfToken', 'url'].flatMap((name) => [
    `*.${name}`,
    `*.*.${name}`,
  ]),
];

interface LoggedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly remoteAddress?: string;
}

/** How requests and errors are written: enough to find out what happened, nothing that lets a reader of logs in. */
export const logOptions = (level: string): Options => ({
  level,
  redact: { paths: REDACTED, censor: '[redacted]' },
  genReqId: (request) => (request as { id?: string }).id ?? '',
  customLogLevel: (_request, response, error) => {
    if (error || response.statusCode >= 500) return 'error';
    return response.statusCode >= 400 ? 'info' : 'debug';
  },
  // Our own `req`, `res` and `err` instead of pino's, which write every header and every property of an error.
  wrapSerializers: true,
  serializers: {
    req: ({ id, method, url, remoteAddress }: LoggedRequest) => ({ id, method, path: url.split('?')[0], remoteAddress }),
    res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    err: describeError,
  },
});

/** A database error carries the statement's parameters, which may be hashes of secrets: only what is listed here is written. */
function describeError(error: unknown): Record<string, unknown> {
  // pino-http hands over what pino's own serializer made of it; the error itself is in `raw`.
  const raw = (error as { raw?: unknown } | null)?.raw ?? error;
  const cause = raw instanceof Error ? raw.cause : undefined;
  return {
    type: raw instanceof Error ? raw.constructor.name : typeof raw,
    message: messageOf(raw),
    ...(isAppError(raw) ? { code: raw.code, context: raw.context } : {}),
    ...(raw instanceof Error ? { stack: raw.stack } : {}),
    ...(cause === undefined ? {} : { cause: messageOf(cause) }),
  };
}
