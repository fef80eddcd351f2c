import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cryptoReady } from '#libs/crypto';
import { aDevice, aFolder, aMember, aPack, aRoster } from './testing/builders.ts';

const MiB = 1024 * 1024;
// oxlint-disable-next-line typescript/no-explicit-any
type Message = any;

/** A device in its own process; `next` gives its next message that has the property. */
class Device {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(n: number, folder: string, sizeBytes?: number, environment: Record<string, string> = {}) {
    const script = join(import.meta.dirname, 'testing', 'child.ts');
    this.child = spawn(
      process.execPath,
      ['--conditions=holdfast-source', script, String(n), folder, ...(sizeBytes ? [String(sizeBytes)] : [])],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '', ...environment },
      },
    );
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  send(message: object): void {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async next(property: string): Promise<Message> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the process ended before it said ${property}`);
      const message = JSON.parse(value);
      if (property in message || 'error' in message) return message;
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended =
      this.child.exitCode === null && this.child.signalCode === null
        ? new Promise((resolve) => this.child.once('exit', resolve))
        : undefined;
    this.child.kill(signal);
    await ended;
  }
}

let folder: string;
let remove: () => Promise<void>;
const devices: Device[] = [];
beforeEach(async () => {
  await cryptoReady();
  ({ path: folder, remove } = await aFolder());
});
afterEach(async () => {
  for (const device of devices.splice(0)) await device.end('SIGKILL');
  await remove();
});
const start = (...args: ConstructorParameters<typeof Device>): Device => {
  const device = new Device(...args);
  devices.push(device);
  return device;
};

it('a holder that is killed in the middle of a transfer goes on after its restart without fetching a verified leaf again', async () => {
  const pack = aPack(24 * MiB + 7);
  // Slow enough that the kill comes in the middle.
  const owner = start(0, folder, pack.sizeBytes, { UPLOAD: String(8 * MiB) });
  const ownerMember = aMember(aDevice(0), { addresses: (await owner.next('addresses')).addresses });
  const roster = aRoster(1, [ownerMember, aMember(aDevice(1))]);
  owner.send({ roster });
  await owner.next('ok');
  const fetch = { packId: pack.packId, sizeBytes: pack.sizeBytes, from: [aDevice(0).deviceId] };

  const first = start(1, folder);
  await first.next('addresses');
  first.send({ roster });
  await first.next('ok');
  first.send({ fetch });
  let leavesDone = 0;
  while (leavesDone < 10) ({ leavesDone } = await first.next('leavesDone'));
  await first.end('SIGKILL');

  const second = start(1, folder);
  await second.next('addresses');
  second.send({ roster });
  await second.next('ok');
  second.send({ fetch });
  const done = await second.next('result');
  expect(done).toMatchObject({ whole: true });
  expect(done.result.resumedLeaves).toBeGreaterThanOrEqual(10);
  const refetched = 25 - done.result.resumedLeaves;
  expect(done.result.fetchedBytes).toBe(refetched === 0 ? 0 : (refetched - 1) * MiB + 7);
}, 60_000);

it('a source that is killed in the middle is replaced by another', async () => {
  const pack = aPack(24 * MiB);
  // Seconds are left for the kill before the two have given everything.
  const doomed = start(0, folder, pack.sizeBytes, { UPLOAD: String(3 * MiB) });
  const spare = start(2, folder, pack.sizeBytes, { UPLOAD: String(3 * MiB) });
  const holder = start(1, folder);
  const members = [
    aMember(aDevice(0), { addresses: (await doomed.next('addresses')).addresses }),
    aMember(aDevice(2), { addresses: (await spare.next('addresses')).addresses }),
    aMember(aDevice(1), { addresses: (await holder.next('addresses')).addresses }),
  ];
  for (const device of [doomed, spare, holder]) {
    device.send({ roster: aRoster(1, members) });
    await device.next('ok');
  }
  holder.send({ fetch: { packId: pack.packId, sizeBytes: pack.sizeBytes, from: [aDevice(0).deviceId, aDevice(2).deviceId] } });
  let leavesDone = 0;
  while (leavesDone < 5) ({ leavesDone } = await holder.next('leavesDone'));
  await doomed.end('SIGKILL');
  const done = await holder.next('result');
  expect(done).toMatchObject({
    whole: true,
    result: { fetchedBytes: pack.sizeBytes, sources: [{ droppedFor: 'source_unavailable' }, { deviceId: aDevice(2).deviceId }] },
  });
}, 60_000);
