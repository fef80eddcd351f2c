import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '#libs/kernel';
import { pipeLimits } from './pipe-protocol.ts';

/** Where the content comes from: this process's standard input, or what a program writes to its standard output. */
export type PipeSource = { readonly from: 'stdin' } | { readonly from: 'command'; readonly command: readonly string[] };

export interface ServedPipe {
  readonly address: string;
  close(): void;
}

/** Offers the source at `address` to the first that connects. A program is started only then. */
export async function servePipe(source: PipeSource, address: string): Promise<ServedPipe> {
  if (process.platform !== 'win32') await mkdir(dirname(address), { recursive: true, mode: 0o700 });
  let stop: (() => void) | undefined;
  const server: Server = createServer((socket) => {
    server.close();
    socket.on('error', () => socket.destroy());
    const { content, verdict, end } = openSource(source);
    stop = end;
    socket.once('close', end);
    void send(socket, content, verdict);
  });
  server.listen(address);
  await once(server, 'listening');
  return {
    address,
    close() {
      server.close();
      stop?.();
      if (process.platform !== 'win32') rmSync(address, { force: true });
    },
  };
}

interface OpenSource {
  readonly content: Readable;
  /** After the end of the content: why it is not all, or undefined. */
  readonly verdict: () => Promise<string | undefined>;
  readonly end: () => void;
}

function openSource(source: PipeSource): OpenSource {
  if (source.from === 'stdin') return { content: process.stdin, verdict: async () => undefined, end: () => process.stdin.destroy() };
  const [program = '', ...args] = source.command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`${program} could not be started: ${messageOf(error)}`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `${program} ${signal ? `was ended by ${signal}` : `ended with ${code}`}`),
    );
  });
  return { content: child.stdout, verdict: () => ended, end: () => void child.kill() };
}

async function send(socket: Socket, content: Readable, verdict: OpenSource['verdict']): Promise<void> {
  // The reader's pace is the source's pace; a reader that goes away ends the source.
  await pipeline(framesOf(content, verdict), socket).catch(() => undefined);
}

async function* framesOf(content: Readable, verdict: OpenSource['verdict']): AsyncGenerator<Buffer> {
  let failure: string | undefined;
  try {
    for await (const piece of content as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length; at += pipeLimits.maxFrameBytes) {
        const part = piece.subarray(at, at + pipeLimits.maxFrameBytes);
        yield lengthOf(part.length);
        yield part;
      }
    }
    failure = await verdict();
  } catch (error) {
    failure = messageOf(error);
  }
  const reason = Buffer.from(failure ?? '').subarray(0, pipeLimits.maxReasonBytes);
  yield Buffer.concat([lengthOf(0), Buffer.of(failure === undefined ? 0 : 1), reason]);
}

function lengthOf(length: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(length);
  return out;
}
