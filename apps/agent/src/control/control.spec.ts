import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '#libs/kernel';
import type { CommandEvent } from '../output/command-event.ts';
import { findDaemon, runInDaemon } from './control-client.ts';
import { ControlServer } from './control-server.ts';

let folder: string;
let server: ControlServer;
const commands = { underWay: 0 };

/** Works until it is stopped, and then needs a while to put things away, as a backup with open packs does. */
async function* slowToStop(signal: AbortSignal): AsyncGenerator<CommandEvent> {
  commands.underWay += 1;
  try {
    yield { event: 'progress', phase: 'transfer', filesDone: 0, bytesDone: 0 };
    await systemClock.sleep(60_000, signal);
  } finally {
    await systemClock.sleep(150);
    commands.underWay -= 1;
  }
}

beforeEach(async () => {
  commands.underWay = 0;
  folder = await mkdtemp(join(tmpdir(), 'holdfast-control-'));
  server = await ControlServer.listen(join(folder, 'control.sock'), {
    about: () => ({ pid: process.pid, version: '1', startedAtMs: 0 }),
    run: (_name, _args, signal) => slowToStop(signal),
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const address = (): string => join(folder, 'control.sock');

it('says who answers', async () => {
  expect(await findDaemon(address())).toMatchObject({ pid: process.pid });
});

it('a stopped command has really ended when its stream does, and says that it was interrupted', async () => {
  const stop = new AbortController();
  const seen: CommandEvent[] = [];
  for await (const event of runInDaemon(address(), 'backup', {}, stop.signal)) {
    seen.push(event);
    if (event.event === 'progress') stop.abort(new DOMException('interrupted', 'AbortError'));
  }
  expect(commands.underWay).toBe(0);
  expect(seen.at(-1)).toMatchObject({ event: 'error', code: 'interrupted', exitCode: 130 });
});

it('a command line that goes away stops its command', async () => {
  const events = runInDaemon(address(), 'backup', {}, new AbortController().signal);
  await events.next();
  expect(commands.underWay).toBe(1);
  await events.return(undefined);
  for (let waitedMs = 0; commands.underWay > 0 && waitedMs < 5_000; waitedMs += 20) await systemClock.sleep(20);
  expect(commands.underWay).toBe(0);
});
