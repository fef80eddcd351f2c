import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CoordinatorError } from '../errors.ts';
import type { TlsIdentity } from '../tls/tls-identity.ts';
import { ProblemFilter } from './problem.filter.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Routes that take more than the usual body: `@LargeBody()`. */
    largeBody?: boolean;
  }
}

/** Scripts only from here, WebAssembly for libs/crypto, no frames; styles inline because the component kit sets them so. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** The HTTPS server: request ids, security headers, JSON and nothing else, bounded bodies, cookies. */
export async function fastifyServer(config: CoordinatorConfig, tls: TlsIdentity): Promise<FastifyAdapter> {
  const adapter = new FastifyAdapter({
    https: { cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' },
    bodyLimit: config.http.bodyLimitBytes,
    genReqId,
    forceCloseConnections: true,
    // A peer that sends its request slower than this is not one of ours.
    requestTimeout: 120_000,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    logger: false,
    // What the router refuses before any hook runs: an address that is not decodable.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      new ProblemFilter().answer(error, request, reply.headers(SECURITY_HEADERS)),
  });
  const server = adapter.getInstance<FastifyInstance>();
  server.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    // HSTS on a self-signed certificate would take away the browser's way past its warning.
    if (config.tls.mode === 'files') void reply.header('strict-transport-security', 'max-age=31536000');
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  });
  server.addHook('onRoute', (route) => {
    if (route.config?.largeBody) route.bodyLimit = config.http.largeBodyLimitBytes;
  });
  acceptOnlyJson(server);
  await server.register(cookie);
  return adapter;
}

/** The caller's id when it is harmless, so that a request can be followed through both logs. */
function genReqId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
}

/** Forms and plain text are what another site can make a browser send without asking; neither has a reader here. */
function acceptOnlyJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // DELETE and bare POSTs carry the content type but no body.
    if (body === '') done(null, undefined);
    else void parse(request, body as string, (error, value: unknown) => done(error ? notJson(error) : null, value));
  });
}

const notJson = (cause: Error): CoordinatorError => new CoordinatorError('body_not_json', 'The request body is not valid JSON.', { cause });
