import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { installationRoot } from '../config/load-config.ts';

/** Paths that are never the panel's, so that a wrong API address is an error and not a page. */
const NOT_THE_PANEL = /^\/(api|healthz|readyz|metrics)(\/|$)/;

/**
 * Serves the built panel: its files as they are, and its page for every other path (its router reads the address).
 * Files under /assets/ carry a hash in their name and never change.
 */
export async function servePanel(server: FastifyInstance, config: CoordinatorConfig): Promise<void> {
  const root = config.panel.directory ?? join(installationRoot(), 'dist', 'apps', 'panel');
  // The folder may come later, from a build beside a running development server.
  await server.register(fastifyStatic, { root, serve: false, suppressWarning: !existsSync(root) } as Parameters<typeof fastifyStatic>[1] &
    object);
  server.get('/*', async (request, reply) => {
    const path = decodedPath(request);
    if (path === undefined || NOT_THE_PANEL.test(path)) return reply.callNotFound();
    if (await isFile(join(root, path))) return sendFile(reply, root, path);
    // A missing script must not be answered with the page: the browser would try to run it.
    const isPage = !/\.[a-z0-9]+$/i.test(path) || path === '/index.html';
    if (isPage && (await isFile(join(root, 'index.html')))) return sendFile(reply, root, 'index.html');
    return isPage ? notBuilt(reply) : reply.callNotFound();
  });
}

function sendFile(reply: FastifyReply, root: string, path: string): FastifyReply {
  const immutable = path.startsWith('/assets/');
  return reply.sendFile(path, root, {
    cacheControl: true,
    maxAge: immutable ? 31_536_000_000 : 0,
    immutable,
    etag: true,
    dotfiles: 'ignore',
  });
}

/** The path without query; undefined when it is not decodable or leaves the folder. */
function decodedPath(request: FastifyRequest): string | undefined {
  try {
    const path = decodeURIComponent(request.url.split('?')[0]!);
    return path.includes('\0') || normalize(path) !== path ? undefined : path;
  } catch {
    return undefined;
  }
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

function notBuilt(reply: FastifyReply): FastifyReply {
  return reply
    .status(404)
    .type('text/plain; charset=utf-8')
    .send('The panel is not built in this installation: npm run build makes it.\nThe API is at /api/docs.\n');
}
