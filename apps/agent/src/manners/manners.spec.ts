import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { MachineCosts, PowerFacts } from '#libs/engine';
import { nodeFiles } from '#libs/kernel/node';
import { ManualClock } from '#libs/kernel/testing';
import { JsonFile } from '../home/json-file.ts';
import { parseDuration } from './duration.ts';
import { limitsNow } from './limits-now.ts';
import { Manners, pauseState } from './manners.ts';
import type { MannerFacts, Work } from './wait-reason.ts';
import { waitReason } from './wait-reason.ts';

const hour = 3_600_000;
const day = 24 * hour;
const facts = (over: Partial<MannerFacts> = {}): MannerFacts => ({
  ...{ nowMs: 100 * day, pausedUntilMs: null, power: null, metered: null, rpoDueAtMs: null, rosterAgeMs: 0 },
  ...over,
});
const battery = (percent: number | null): PowerFacts => ({ onBattery: true, percent });
const works: readonly Work[] = ['backup', 'replicate', 'background'];
const waiting = (over: Partial<MannerFacts>): (string | null)[] => works.map((work) => waitReason(work, facts(over))?.code ?? null);

describe('what waits', () => {
  it.each<[string, Partial<MannerFacts>, (string | null)[]]>([
    ['nothing on a desktop', {}, [null, null, null]],
    ['everything while paused', { pausedUntilMs: 100 * day + 1 }, ['paused', 'paused', 'paused']],
    ['nothing after the pause', { pausedUntilMs: 100 * day }, [null, null, null]],
    ['only reading again on a full battery', { power: battery(40) }, [null, null, 'battery']],
    ['all on a low one', { power: battery(39) }, ['battery', 'battery', 'battery']],
    ['but the backup when the promise is near', { power: battery(5), rpoDueAtMs: 100 * day + 2 * hour }, [null, 'battery', 'battery']],
    ['not when it is far', { power: battery(5), rpoDueAtMs: 100 * day + 2 * hour + 1 }, ['battery', 'battery', 'battery']],
    ['and when it is broken', { power: battery(5), rpoDueAtMs: 1 }, [null, 'battery', 'battery']],
    ['nothing when plugged in', { power: { onBattery: false, percent: 3 } }, [null, null, null]],
    ['no charge known: only reading again', { power: battery(null) }, [null, null, 'battery']],
    ['taking in on a metered connection', { metered: true }, [null, 'metered', null]],
    ['taking in when the coordinator was not heard for 7 days', { rosterAgeMs: 7 * day + 1 }, [null, 'roster_old', null]],
    ['not before', { rosterAgeMs: 7 * day }, [null, null, null]],
  ])('%s', (_what, over, expected) => {
    expect(waiting(over)).toEqual(expected);
  });

  it('always says why in words', () => {
    const power = fc.option(fc.record({ onBattery: fc.boolean(), percent: fc.option(fc.nat(100)) }));
    fc.assert(
      fc.property(
        power,
        fc.option(fc.boolean()),
        fc.option(fc.nat(200 * day)),
        fc.nat(60 * day),
        (p, metered, pausedUntilMs, rosterAgeMs) => {
          for (const work of works) {
            const reason = waitReason(work, facts({ power: p, metered, pausedUntilMs, rosterAgeMs }));
            if (reason) expect(reason.text.length).toBeGreaterThan(10);
          }
        },
      ),
    );
  });
});

describe('limits', () => {
  const schedule = { cron: '0 18 * * *', timeZone: 'Europe/Berlin', jitterSeconds: 0, catchUpSeconds: 0, rpoHours: 24 };
  const rates = (upload: number | null, download: number | null) => ({ uploadBytesPerSecond: upload, downloadBytesPerSecond: download });
  const hours = [
    { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00', ...rates(100, 200) },
    { days: [5], from: '22:00', to: '02:00', ...rates(7, 7) },
  ];
  const at = (iso: string, metered: boolean | null = null) =>
    limitsNow({ schedule, limits: { ...rates(null, 5e6), hours } }, Date.parse(iso), metered);

  it.each([
    ['before work', '2026-11-25T06:59:00Z', rates(null, 5e6)],
    ['at its beginning, in the schedule’s time zone', '2026-11-25T07:00:00Z', rates(100, 200)],
    ['at its end', '2026-11-25T17:00:00Z', rates(null, 5e6)],
    ['on Sunday', '2026-11-22T10:00:00Z', rates(null, 5e6)],
    ['on Friday night', '2026-11-27T22:30:00Z', rates(7, 7)],
    ['on the morning after it', '2026-11-28T00:59:00Z', rates(7, 7)],
    ['then no more', '2026-11-28T01:00:00Z', rates(null, 5e6)],
    ['not on the morning of that Friday', '2026-11-27T00:30:00Z', rates(null, 5e6)],
    ['in summer an hour earlier by UTC', '2026-07-01T06:00:00Z', rates(100, 200)],
  ])('%s', (_when, iso, expected) => {
    expect(at(iso)).toEqual(expected);
  });

  it('are next to nothing on a metered connection, never more than the policy’s', () => {
    expect(at('2026-11-22T10:00:00Z', true)).toEqual(rates(32_000, 32_000));
    expect(at('2026-11-25T10:00:00Z', true)).toEqual(rates(100, 200));
  });

  describe('by link', () => {
    const limits = {
      ...rates(1_000, 2_000),
      lan: rates(null, null),
      relay: rates(300, 400),
      hours: [
        { days: [1], from: '08:00', to: '18:00', ...rates(10, 20) },
        { days: [2], from: '08:00', to: '18:00', ...rates(null, null), lan: rates(50_000, 60_000) },
        { days: [3], from: '08:00', to: '18:00', ...rates(10, 20), lan: rates(30, 40), relay: rates(null, 5) },
      ],
    };
    const on = (day: number, metered = false) => limitsNow({ schedule, limits }, Date.parse(`2026-11-2${day}T10:00:00Z`), metered);

    it.each([
      ['on Sunday those of always', 2, { ...rates(1_000, 2_000), lan: rates(null, null), relay: rates(300, 400) }],
      ['an hour that names no link leaves theirs', 3, { ...rates(10, 20), lan: rates(null, null), relay: rates(300, 400) }],
      ['one that names one leaves the other’s', 4, { ...rates(null, null), lan: rates(50_000, 60_000), relay: rates(300, 400) }],
      ['one that names both sets both', 5, { ...rates(10, 20), lan: rates(30, 40), relay: rates(null, 5) }],
    ])('%s', (_when, day, expected) => {
      expect(on(day)).toEqual(expected);
    });

    it('a link that only an hour names shares the general limit at any other', () => {
      const hours = [{ days: [1], from: '08:00', to: '18:00', ...rates(1, 1), lan: rates(7, 7) }];
      const during = (iso: string) => limitsNow({ schedule, limits: { ...rates(5, 5), hours } }, Date.parse(iso), null);
      expect(during('2026-11-23T10:00:00Z')).toEqual({ ...rates(1, 1), lan: rates(7, 7) });
      expect(during('2026-11-24T10:00:00Z')).toEqual(rates(5, 5));
    });

    it('a metered connection holds for all of them: a private address may be behind a VPN', () => {
      expect(on(4, true)).toEqual({ ...rates(32_000, 32_000), lan: rates(32_000, 32_000), relay: rates(300, 400) });
    });
  });
});

describe('durations', () => {
  it.each([
    ['90m', 90 * 60_000],
    ['2h', 2 * hour],
    ['1d', day],
    ['1h30m', 1.5 * hour],
    ['', undefined],
    ['2', undefined],
    ['2 h', undefined],
    ['-1h', undefined],
    ['1w', undefined],
    ['999999h', undefined],
  ])('%j', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});

describe('a pause', () => {
  let folder: string;
  let clock: ManualClock;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-manners-'));
    clock = new ManualClock();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const costs: MachineCosts = { power: () => Promise.resolve(null), metered: () => Promise.resolve(null) };
  const open = (more: Partial<Parameters<typeof Manners.open>[0]> = {}): Promise<Manners> =>
    Manners.open({
      clock,
      file: new JsonFile(nodeFiles, join(folder, 'pause.json'), pauseState),
      costs: () => Promise.resolve(costs),
      rosterConfirmedAtMs: () => clock.nowMs(),
      rpoDueAtMs: () => null,
      ...more,
    });

  it('outlives a restart, ends by itself, and ends by resume', async () => {
    const untilMs = await (await open()).pause(2 * hour);
    const again = await open();
    expect(again.pausedUntilMs).toBe(untilMs);
    expect(again.waits('backup')?.code).toBe('paused');
    await clock.advance(2 * hour);
    expect(again.waits('backup')).toBeNull();
    await again.pause();
    expect(again.pausedUntilMs).toBe(clock.nowMs() + 8 * hour);
    expect(await again.resume()).toBe(true);
    expect(await again.resume()).toBe(false);
    expect((await open()).pausedUntilMs).toBeNull();
  });

  it('is refused when it would be longer than a week, and never grows by a clock that is set back', async () => {
    const manners = await open();
    for (const ms of [0, -1, Number.NaN, 7 * day + 1]) await expect(manners.pause(ms)).rejects.toMatchObject({ code: 'bad_argument' });
    await manners.pause(7 * day);
    const earlier = new ManualClock(clock.nowMs() - 365 * day);
    expect((await open({ clock: earlier })).pausedUntilMs).toBeNull();
  });

  it('lets go at once of what waits for its end', async () => {
    const manners = await open();
    await manners.pause();
    let went = false;
    const wait = manners.until('backup', new AbortController().signal).then(() => (went = true));
    await clock.advance(1);
    expect(went).toBe(false);
    await manners.resume();
    await wait;
    const stop = new AbortController();
    await manners.pause();
    const stopped = manners.until('backup', stop.signal);
    stop.abort(new DOMException('stop', 'AbortError'));
    await expect(stopped).rejects.toThrow('stop');
  });

  it('is none when its file is damaged; costs that can not be told hold nothing up', async () => {
    await writeFile(join(folder, 'pause.json'), '{"pausedAtMs":');
    const manners = await open({ costs: () => Promise.reject(new Error('no such thing')) });
    await manners.look();
    expect([manners.pausedUntilMs, manners.waits('background'), manners.metered]).toEqual([null, null, null]);
  });

  it('an old roster is good for writes a week, for reads a month', async () => {
    const since = clock.nowMs();
    const manners = await open({ rosterConfirmedAtMs: () => since });
    const may = (): boolean[] => [manners.mayTakeIn(), manners.mayGiveOut()];
    await clock.advance(7 * day);
    expect(may()).toEqual([true, true]);
    await clock.advance(1);
    expect(may()).toEqual([false, true]);
    await clock.advance(23 * day);
    expect(may()).toEqual([false, false]);
  });
});
