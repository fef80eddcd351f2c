import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPipeAddress, newPipeAddress } from './pipe-protocol.ts';
import { readPipe } from './read-pipe.ts';
import { type PipeSource, servePipe } from './serve-pipe.ts';

let folder: string;
let address: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hf-pipe-'));
  address = newPipeAddress(join(folder, 'control.sock'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(source: PipeSource): Promise<{ bytes: Buffer; error: unknown }> {
  const served = await servePipe(source, address);
  const got: Buffer[] = [];
  try {
    for await (const piece of readPipe(address, new AbortController().signal)) got.push(Buffer.from(piece));
    return { bytes: Buffer.concat(got), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(got), error };
  } finally {
    served.close();
  }
}
const command = (line: string): PipeSource => ({ from: 'command', command: ['sh', '-c', line] });

describe('a pipe', () => {
  it('carries every byte, and its end', async () => {
    const { bytes, error } = await read(command('head -c 5000000 /dev/zero; printf end'));
    expect(error).toBeUndefined();
    expect(bytes.length).toBe(5_000_003);
    expect(bytes.toString('latin1', 5_000_000)).toBe('end');
    expect((await read(command('true'))).error).toBeUndefined();
    expect(existsSync(address)).toBe(false);
  });

  it.each([
    ['a program that fails', command('printf half; exit 3'), 'half', /ended with 3/],
    ['a program that is killed', command('printf half; kill -9 $$'), 'half', /ended by SIGKILL/],
    ['a program that is not there', { from: 'command', command: ['/no/such/thing'] } as const, '', /could not be started/],
  ])('says that not all came: %s', async (_what, source, came, why) => {
    const { bytes, error } = await read(source);
    expect(bytes.toString()).toBe(came);
    expect(error).toMatchObject({ code: 'input_incomplete', message: expect.stringMatching(why) });
  });

  it.each<[string, Buffer]>([
    ['cut off before its end', Buffer.from([3, 0, 0, 0, 65, 66, 67])],
    ['cut off in a frame', Buffer.from([9, 0, 0, 0, 65])],
    ['cut off at once', Buffer.alloc(0)],
    ['with a frame of 4 GiB', Buffer.from([255, 255, 255, 255, 1])],
    ['with an end that has no verdict', Buffer.from([0, 0, 0, 0])],
  ])('%s is never taken as whole', async (_what, bytes) => {
    const server = createServer((socket) => socket.end(bytes)).listen(address);
    await new Promise((resolve) => server.once('listening', resolve));
    const all = async (): Promise<void> => {
      for await (const _piece of readPipe(address, new AbortController().signal));
    };
    await expect(all()).rejects.toMatchObject({ code: 'input_incomplete' });
    server.close();
  });

  it('is read only beside the control socket', () => {
    const control = '/home/ann/.local/share/holdfast/control.sock';
    expect(isPipeAddress(newPipeAddress(control), control)).toBe(true);
    for (const other of [
      '/tmp/p01234567.sock',
      '/home/ann/.local/share/holdfast/control.sock',
      '/home/ann/.local/share/holdfast/../p01234567.sock',
      '',
    ])
      expect(isPipeAddress(other, control)).toBe(false);
    const windows = '\\\\.\\pipe\\holdfast-abc';
    expect(isPipeAddress(newPipeAddress(windows, 'win32'), windows, 'win32')).toBe(true);
    expect(isPipeAddress('\\\\.\\pipe\\other-01234567', windows, 'win32')).toBe(false);
  });
});
