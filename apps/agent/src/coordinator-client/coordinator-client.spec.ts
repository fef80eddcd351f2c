import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AgentEvent } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { systemClock } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { ScriptedCoordinator } from '../testing/scripted-coordinator.ts';
import { certificatePin } from './certificate-pin.ts';
import { ChannelLoop } from './channel-loop.ts';
import { CoordinatorClient } from './coordinator-client.ts';
import { eventLines } from './event-lines.ts';

const deviceId = '00000000-0000-4000-8000-000000000001' as DeviceId;
let coordinator: ScriptedCoordinator;
let client: CoordinatorClient;

const clientFor = (pin: string, url = coordinator.url): CoordinatorClient =>
  new CoordinatorClient({
    url,
    check: certificatePin(pin),
    deviceId,
    signChallenge: (nonce) => `${'s'.repeat(80)}${nonce}`.slice(0, 86),
    clock: systemClock,
  });

beforeEach(async () => {
  coordinator = await ScriptedCoordinator.start();
  client = clientFor(coordinator.pin);
});
afterEach(async () => {
  client.close();
  await coordinator.stop();
});

describe('CoordinatorClient', () => {
  it('trusts the pinned certificate, whatever its names and dates say', async () => {
    coordinator.script = (r) => (r.path.endsWith('/jobs') ? { body: [] } : undefined);
    expect(await client.jobs()).toEqual([]);
  });

  it('sends nothing, not even a path, to another certificate', async () => {
    const other = clientFor('A'.repeat(43));
    await expect(other.jobs()).rejects.toMatchObject({ code: 'pin_mismatch' });
    expect(coordinator.connections).toBeGreaterThan(0);
    expect(coordinator.seen).toEqual([]);
    other.close();
  });

  it('asks for one token for many calls, and for a new one when it is refused', async () => {
    let refuse = false;
    coordinator.script = (r) => {
      if (!r.path.endsWith('/jobs')) return undefined;
      if (refuse) {
        refuse = false;
        return { status: 401, body: { type: 'about:blank', title: 'no', status: 401, code: 'device_token_invalid' } };
      }
      return { body: [] };
    };
    await Promise.all([client.jobs(), client.jobs(), client.jobs()]);
    expect(coordinator.requests('/token/challenge')).toHaveLength(1);
    refuse = true;
    expect(await client.jobs()).toEqual([]);
    expect(coordinator.requests('/token/challenge')).toHaveLength(2);
    const used = coordinator.requests('/jobs').map((r) => r.token);
    expect(used.at(-1)).not.toBe(used[0]);
  });

  it.each([
    [400, 'permanent'],
    [404, 'permanent'],
    [409, 'permanent'],
    [429, 'temporary'],
    [500, 'temporary'],
    [503, 'temporary'],
  ])("an answer of %i is %s, with the coordinator's own code and advice", async (status, kind) => {
    coordinator.script = (r) =>
      r.path.endsWith('/jobs')
        ? { status, body: { type: 'about:blank', title: 'No', status, code: 'pack_conflict', nextStep: 'Wait.' } }
        : undefined;
    await expect(client.jobs()).rejects.toMatchObject({
      code: 'coordinator_refused',
      status: kind,
      nextStep: 'Wait.',
      context: { httpStatus: status, problem: 'pack_conflict' },
    });
  });

  it('refuses an answer of the wrong shape, and one without end', async () => {
    coordinator.script = (r) => (r.path.endsWith('/jobs') ? { body: [{ jobId: 7 }] } : undefined);
    await expect(client.jobs()).rejects.toMatchObject({ code: 'response_invalid' });
    coordinator.script = (r, response) => {
      if (!r.path.endsWith('/jobs')) return undefined;
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(1024 * 1024), () => more());
      };
      more();
      return 'streaming';
    };
    await expect(client.jobs()).rejects.toMatchObject({ code: 'response_too_large' });
  });

  it('says that nobody is there', async () => {
    const url = coordinator.url;
    await coordinator.stop();
    const alone = clientFor(coordinator.pin, url);
    await expect(alone.jobs()).rejects.toMatchObject({ code: 'coordinator_unreachable', status: 'temporary' });
    alone.close();
    coordinator = await ScriptedCoordinator.start();
  });
});

describe('ChannelLoop', () => {
  it('comes back after the line broke, and tells hints from noise', async () => {
    const events: AgentEvent[] = [];
    const states: string[] = [];
    coordinator.script = (r, response) => {
      if (!r.path.endsWith('/events')) return undefined;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `retry: 1000\n\n: hello\n\nevent: hello\ndata: {"event":"hello","timeMs":1}\n\ndata: {"event":"unknown"}\n\nevent: jobs\ndata: {}\n\n`,
      );
      return 'streaming';
    };
    const stop = new AbortController();
    const { promise: twice, resolve } = Promise.withResolvers<void>();
    const loop = new ChannelLoop({
      clock: systemClock,
      random: seededRandom(1),
      connect: (signal) => client.events(signal),
      onEvent: (event) => {
        events.push(event);
        // Only once everything was heard: with the line goes what nobody has read yet.
        if (events.length === 2) coordinator.cutAll();
        if (events.length === 4) resolve();
      },
      onState: (state) => states.push(state),
    });
    const ended = loop.runUntilStopped(stop.signal);
    await twice;
    stop.abort(new DOMException('stop', 'AbortError'));
    await ended;
    expect(events.map((e) => e.event)).toEqual(['hello', 'jobs', 'hello', 'jobs']);
    expect(states.slice(0, 3)).toEqual(['connected', 'disconnected', 'connected']);
  });
});

describe('eventLines', () => {
  async function* cut(text: string, size: number): AsyncGenerator<string> {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const text = ': hi\n\nevent: a\ndata: 1\ndata: 2\n\ndata:{"x":"ü"}\r\n\r\nevent: empty\n\nevent: tail\ndata: never ends';

  it.each([1, 2, 3, 7, 1000])('reads the same events in pieces of %i', async (size) => {
    const events = [];
    for await (const event of eventLines(cut(text, size))) if (event.event !== 'comment') events.push(event);
    expect(events).toEqual([
      { event: 'a', data: '1\n2' },
      { event: 'message', data: '{"x":"ü"}' },
    ]);
  });

  it('refuses an event without end', async () => {
    const endless = async function* (): AsyncGenerator<string> {
      for (;;) yield 'data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n';
    };
    await expect(async () => {
      for await (const _ of eventLines(endless())) void _;
    }).rejects.toMatchObject({ code: 'response_too_large' });
  });
});
