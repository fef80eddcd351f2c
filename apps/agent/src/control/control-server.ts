import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { errorEvent } from '../cli/exit-codes.ts';
import { AgentError } from '../errors.ts';
import type { CommandEvent } from '../output/command-event.ts';
import { commandIdHeader, controlLimits } from './control-protocol.ts';

export interface ControlHandlers {
  about(): { pid: number; version: string; startedAtMs: number };
  /** Runs a command by name; throws for unknown names and bad arguments. */
  run(name: string, args: unknown, signal: AbortSignal): AsyncIterable<CommandEvent>;
}

/** The daemon's side of the control socket. Only this user can reach it: the socket is 0600 in a folder of 0700. */
export class ControlServer {
  readonly #server: Server;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Commands under way that can be stopped, by the id that their caller chose. */
  readonly #stoppable = new Map<string, AbortController>();

  private constructor(handlers: ControlHandlers) {
    this.#server = createServer((request, response) => {
      const work = this.#answer(handlers, request, response).catch(() => {
        response.destroy();
      });
      this.#running.add(work);
      void work.finally(() => this.#running.delete(work));
    });
  }

  /** Listens at `address`. Only for who has the home's lock: a socket that is in the way is left from a dead process. */
  static async listen(address: string, handlers: ControlHandlers): Promise<ControlServer> {
    const control = new ControlServer(handlers);
    if (process.platform !== 'win32') await prepareSocketFolder(address);
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject);
      control.#server.listen(address, () => resolve());
    });
    if (process.platform !== 'win32') await chmod(address, 0o600);
    return control;
  }

  /** Stops running commands and waits until they have ended. */
  async close(): Promise<void> {
    this.#stopping.abort(new DOMException('the daemon stops', 'AbortError'));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.allSettled(this.#running);
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(handlers: ControlHandlers, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/v1/about') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(handlers.about()));
      return;
    }
    const stopped = /^\/v1\/stop\/([0-9a-f-]{36})$/.exec(request.url ?? '')?.[1];
    if (request.method === 'POST' && stopped !== undefined) {
      this.#stoppable.get(stopped)?.abort(new DOMException('stopped by the command line', 'AbortError'));
      response.writeHead(204).end();
      return;
    }
    const name = /^\/v1\/commands\/([a-z-]{1,40})$/.exec(request.url ?? '')?.[1];
    if (request.method !== 'POST' || name === undefined) {
      response.writeHead(404).end();
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort(new DOMException('the command line went away', 'AbortError')));
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    const id = request.headers[commandIdHeader];
    if (typeof id === 'string') this.#stoppable.set(id, gone);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    try {
      const args = JSON.parse(await readRequest(request)) as unknown;
      for await (const event of handlers.run(name, args, signal)) await this.#write(response, event, signal);
    } catch (error) {
      await this.#write(response, errorEvent(error), signal).catch(() => undefined);
    } finally {
      if (typeof id === 'string') this.#stoppable.delete(id);
    }
    response.end();
  }

  /** Waits for a slow reader, so that `dump` of a large file does not fill the memory. */
  async #write(response: ServerResponse, event: CommandEvent, signal: AbortSignal): Promise<void> {
    if (response.destroyed) throw signal.reason;
    if (response.write(`${JSON.stringify(event)}\n`)) return;
    await new Promise<void>((resolve) => {
      response.once('drain', resolve);
      response.once('close', resolve);
    });
  }
}

async function readRequest(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > controlLimits.maxRequestBytes) throw new AgentError('control_failed', 'the arguments are too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function prepareSocketFolder(address: string): Promise<void> {
  const folder = dirname(address);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  // In a shared temporary folder somebody else could have made it first.
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new AgentError('control_failed', `${folder} belongs to another user`, { nextStep: 'Use a home folder with a shorter path.' });
  }
  if ((found.mode & 0o077) !== 0 && folder.includes('holdfast-')) await chmod(folder, 0o700);
  await rm(address, { force: true });
}
