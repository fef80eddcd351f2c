import type { DeviceState } from '#libs/contracts';
import type { BreakerState, Calendars } from '#libs/durability';
import { drainProgress, effectiveReplicas, hourOfWeek, isDoubted, isGone, isReturn, officeWeek, workCalendars } from '#libs/durability';
import { seededRandom } from '#libs/kernel/testing';
import { HourCalendar } from './hour-calendar.ts';
import { DAY_MS, HOUR_MS, deskDay } from './presence-model.ts';
import { SimulatedRepair, type Surplus } from './simulated-repair.ts';
import { emptyResult, type SimulationResult } from './simulation-result.ts';
import { GOAL, World, type Rules, type SimulatedDevice } from './world.ts';

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Packs looked at in one hour for the availability of restores. */
const SAMPLE = 100;

export interface SimulationOptions {
  readonly devices: number;
  readonly anchors: number;
  readonly sites: number;
  readonly packsPerDevice: number;
  readonly seed: number;
  readonly rules: Rules;
  readonly packBytes?: number;
  readonly linkBytesPerSecond?: number;
  /** Devices that go for good in a year, as a share; each is replaced by a new one. */
  readonly lossPerYear?: number;
  /** Share of them that are leavers who say so, and are drained first. */
  readonly drainedShare?: number;
  /** Chance that somebody stays at home on a working day. */
  readonly dayOff?: number;
}

/**
 * A team over months, an hour at a step, run by the very rules of libs/durability. People come and go, machines die or leave, and the
 * coordinator knows only what heartbeats tell it.
 */
export class Simulator {
  readonly world: World;
  readonly result = emptyResult();
  readonly #options: Required<SimulationOptions>;
  readonly #random;
  readonly #calendars: Calendars;
  readonly #repair: SimulatedRepair;
  /** Devices to look at again. */
  readonly #due = new HourCalendar<SimulatedDevice>();
  readonly #arrivals = new HourCalendar<{ device: SimulatedDevice; atMs: number }>();
  readonly #departures = new HourCalendar<{ device: SimulatedDevice; atMs: number }>();
  readonly #surplusDue = new HourCalendar<Surplus>();
  #breaker: BreakerState = { open: false };
  #changed = false;
  nowMs = START_MS;

  constructor(options: SimulationOptions) {
    this.#options = { packBytes: 64e6, linkBytesPerSecond: 10e6, lossPerYear: 0, drainedShare: 0, dayOff: 0.05, ...options };
    this.#random = seededRandom(options.seed);
    this.#calendars = workCalendars(options.rules.settings.workWeek);
    const packCount = options.devices * options.packsPerDevice;
    this.world = new World(packCount, this.#options.packBytes);
    const { rules } = options;
    this.#repair = new SimulatedRepair({
      ...{ world: this.world, rules, packBytes: this.#options.packBytes, random: this.#random, result: this.result },
    });
    // A team that has been there for long: everybody is vetted and awake when the first packs are placed.
    for (let n = 0; n < options.devices; n += 1) {
      const device = this.world.join(START_MS - 30 * DAY_MS, `site-${n % options.sites}`, n < options.anchors);
      Object.assign(device, { online: true, lastSeenAtMs: START_MS, state: 'active', vetted: true });
      for (let p = 0; p < options.packsPerDevice; p += 1) this.world.setOwner(n * options.packsPerDevice + p, device);
    }
    for (let pack = 0; pack < packCount; pack += 1) this.#repair.want(pack);
    this.#repair.plan(Number.POSITIVE_INFINITY, this.#breaker);
    this.result.placed = this.result.traffic.pop() ?? 0;
    for (const device of this.world.devices) if (!device.anchor) this.#depart(device, START_MS);
  }

  get frozen(): boolean {
    return this.#breaker.open;
  }

  run(days: number, eachHour?: (nowMs: number) => void): SimulationResult {
    for (const endMs = this.nowMs + days * DAY_MS; this.nowMs < endMs;) {
      if (this.nowMs % DAY_MS === 0) this.#day();
      this.#hour();
      eachHour?.(this.nowMs);
    }
    return this.result;
  }

  /** Its disk is gone and nobody says so. */
  kill(device: SimulatedDevice): void {
    if (!device.alive) return;
    device.alive = false;
    this.result.deaths += 1;
    if (device.online) this.#depart(device, this.nowMs);
    for (const pack of device.holdings) this.#lose(pack);
    device.holdings.clear();
  }

  /** It is away until then, from this moment on. */
  absent(device: SimulatedDevice, untilMs: number): void {
    device.absentUntilMs = untilMs;
    if (device.online) this.#depart(device, this.nowMs);
    if (device.anchor) this.#arrivals.add(untilMs, this.nowMs, { device, atMs: untilMs });
  }

  drain(device: SimulatedDevice): void {
    device.mark = 'draining';
    device.marked = true;
    this.#look(device);
  }

  #day(): void {
    const { lossPerYear, drainedShare, dayOff, rules, sites } = this.#options;
    const week = rules.settings.workWeek ?? officeWeek;
    for (const device of [...this.world.devices]) {
      if (!device.alive || device.mark === 'revoked') continue;
      if (lossPerYear > 0 && device.mark === 'none' && this.#random.next() < lossPerYear / 365) {
        if (this.#random.next() < drainedShare) this.drain(device);
        else this.kill(device);
        this.world.join(this.nowMs, `site-${this.world.devices.length % sites}`, device.anchor);
        if (!device.alive) continue;
      }
      if (device.mark === 'draining') this.#finishDrain(device);
      if (device.anchor || this.nowMs < device.absentUntilMs) continue;
      const day = deskDay(this.nowMs, week, dayOff, () => this.#random.next());
      if (!day) continue;
      this.#arrivals.add(day.fromMs, this.nowMs, { device, atMs: day.fromMs });
      this.#departures.add(day.toMs, this.nowMs, { device, atMs: day.toMs });
    }
  }

  /** Once its packs are copied out it leaves. */
  #finishDrain(device: SimulatedDevice): void {
    const held = [...device.holdings].map((pack) => this.world.pack(pack));
    if (drainProgress(device.deviceId, held, this.#options.rules.settings).stillNeeded > 0) return;
    device.mark = 'revoked';
    this.result.drained += 1;
    device.online = false;
    device.alive = false;
    this.#look(device);
    for (const pack of device.holdings) {
      this.world.removeHolder(pack, device);
      this.#lose(pack);
    }
    device.holdings.clear();
  }

  #hour(): void {
    const hour = this.nowMs / HOUR_MS;
    for (const { device, atMs } of this.#arrivals.take(hour)) if (device.alive && atMs >= device.absentUntilMs) this.#arrive(device, atMs);
    for (const { device, atMs } of this.#departures.take(hour)) if (device.online) this.#depart(device, atMs);
    for (const device of this.#due.take(hour)) if (device.dueHour === hour) this.#look(device);
    const { rules } = this.#options;
    if (this.#changed || this.#breaker.open) {
      this.#breaker = rules.planBreaker(this.#breaker, this.#members(), this.nowMs, rules.settings);
      this.#changed = false;
    }
    if (this.#breaker.open) this.result.frozenHours += 1;
    const { linkBytesPerSecond, packBytes } = this.#options;
    this.#repair.plan(Math.floor((linkBytesPerSecond * 3600) / packBytes), this.#breaker);
    this.#repair.trim(this.#surplusDue.take(hour), this.nowMs);
    this.#watch();
    this.nowMs += HOUR_MS;
    this.result.hours += 1;
    this.result.packYears += (this.world.packCount * HOUR_MS) / (365 * DAY_MS);
  }

  #members(): SimulatedDevice[] {
    return this.world.devices.filter((device) => device.mark !== 'revoked' && device.state !== 'lost');
  }

  #arrive(device: SimulatedDevice, atMs: number): void {
    device.online = true;
    device.lastSeenAtMs = atMs;
    this.#look(device, atMs);
  }

  #depart(device: SimulatedDevice, atMs: number): void {
    device.online = false;
    device.lastSeenAtMs = Math.max(device.lastSeenAtMs, atMs);
    // Looked at again in the next hour; from there on by what the rules say.
    this.#lookAt(device, this.nowMs + HOUR_MS);
  }

  /** A device is due once: the newest time counts. */
  #lookAt(device: SimulatedDevice, atMs: number): void {
    device.dueHour = Math.ceil(atMs / HOUR_MS);
    this.#due.add(device.dueHour * HOUR_MS, this.nowMs, device);
  }

  /** Asks the rules for a device's state, and does what follows. */
  #look(device: SimulatedDevice, atMs = this.nowMs): void {
    const { rules } = this.#options;
    const facts = {
      ...{ deviceClass: device.anchor ? ('anchor' as const) : ('workstation' as const), enrolledAtMs: device.joinedAtMs },
      ...{
        lastSeenAtMs: device.online ? atMs : device.lastSeenAtMs,
        saidGoodbye: false,
        mark: device.mark,
        awayUntilMs: device.awayUntilMs,
      },
    };
    const standing = rules.deviceStanding(facts, atMs, rules.settings, this.#calendars);
    device.vetted = standing.vetted;
    // While it is there only the end of its vetting is news.
    const dueMs = device.online
      ? standing.state === 'vetting'
        ? device.joinedAtMs + rules.settings.vetting.minAgeMs
        : null
      : standing.changesAtMs;
    if (dueMs !== null) this.#lookAt(device, Math.max(dueMs, this.nowMs + 1));
    const from = device.state;
    if (standing.state === from) return;
    device.state = standing.state;
    device.stateSinceMs = this.nowMs;
    if (weighs(from) === weighs(device.state)) return;
    this.#changed = true;
    if (isReturn(from, device.state)) this.#reclaim(device, from);
    if (device.state === 'lost') for (const pack of device.holdings) this.world.removeHolder(pack, device);
    for (const pack of device.holdings) this.#repair.want(pack);
    // A dead device's packs are known to the coordinator only by the map.
    if (!device.alive) for (const pack of this.#repair.countedFor(device)) this.#repair.want(pack);
    if (device.state === 'lost') this.#repair.forget(device);
  }

  /** Its inventory: what it still holds counts again, and nothing of that is sent to it. */
  #reclaim(device: SimulatedDevice, from: DeviceState): void {
    if (!isGone(from)) return;
    for (const pack of device.holdings) {
      this.world.addHolder(pack, device);
      this.#repair.countedFor(device).add(pack);
      this.result.reclaimed += 1;
      const { trimAfterMs } = this.#options.rules.settings.reconcile;
      this.#surplusDue.add(this.nowMs + trimAfterMs + HOUR_MS, this.nowMs, { pack, sinceMs: this.nowMs });
    }
  }

  #lose(pack: number): void {
    this.world.intact[pack]! -= 1;
    if (this.world.intact[pack] !== 0) return;
    this.result.losses += 1;
    if (!this.world.owner(pack).alive) this.result.forGood += 1;
    this.#repair.want(pack);
  }

  #watch(): void {
    const { seen, of } = this.result.restorable;
    const hour = hourOfWeek(this.nowMs);
    for (let n = 0; n < Math.min(SAMPLE, this.world.packCount); n += 1) {
      const pack = this.#random.int(this.world.packCount);
      of[hour]! += 1;
      if (this.world.isRestorable(pack)) seen[hour]! += 1;
    }
    for (const device of this.world.devices) {
      if (device.mark !== 'draining') continue;
      for (const pack of device.holdings) {
        const { replicas, owner } = this.world.pack(pack);
        if (effectiveReplicas(replicas, owner, this.#options.rules.settings) < GOAL.minimum) this.result.drainWindows += 1;
      }
    }
  }
}

const weighs = (state: DeviceState): string =>
  isGone(state) ? 'gone' : isDoubted(state) ? 'doubtful' : state === 'draining' ? 'leaving' : 'sound';
