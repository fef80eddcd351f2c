import type { DeviceState } from '#libs/contracts';
import type { BreakerState, Calendars, Candidate, RepairAssignment } from '#libs/durability';
import {
  CandidatePool,
  acceptsPacks,
  drainProgress,
  effectiveReplicas,
  hourOfWeek,
  isDoubted,
  isGone,
  isReturn,
  officeWeek,
  workCalendars,
} from '#libs/durability';
import { seededRandom } from '#libs/kernel/testing';
import { DAY_MS, HOUR_MS, deskDay } from './presence-model.ts';
import { GOAL, World, packNumber, type Rules, type SimulatedDevice } from './world.ts';

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
/** As the coordinator's PLAN_SIZE. */
const PART = 250;
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

export interface SimulationResult {
  hours: number;
  packYears: number;
  /** Packs of which all copies at others were gone at once. */
  losses: number;
  /** Of those, packs whose owner's machine was gone too. */
  forGood: number;
  placed: number;
  repairs: number;
  /** Repairs that kept to their share of a link, by the busiest device in its busiest hour, as a share of its link. */
  busiestShare: number;
  /** Copies by hour. */
  readonly traffic: number[];
  readonly restorable: { readonly seen: Float64Array; readonly of: Float64Array };
  deaths: number;
  drained: number;
  /** Packs of a draining device that were seen below the minimum. */
  drainWindows: number;
  reclaimed: number;
  /** Copies sent to a device that had the pack on its disk: must stay 0. */
  resent: number;
  trimmed: number;
  frozenHours: number;
  repairsWhileFrozen: number;
}

/**
 * A team over months, an hour at a step, run by the very rules of libs/durability. People come and go, machines die or leave, and the
 * coordinator knows only what heartbeats tell it.
 */
export class Simulator {
  readonly world: World;
  readonly result: SimulationResult;
  readonly #options: Required<SimulationOptions>;
  readonly #random;
  readonly #calendars: Calendars;
  readonly #wanting = new Set<number>();
  /** Hour → devices to look at again. */
  readonly #due = new Map<number, SimulatedDevice[]>();
  readonly #arrivals = new Map<number, { device: SimulatedDevice; atMs: number }[]>();
  readonly #departures = new Map<number, { device: SimulatedDevice; atMs: number }[]>();
  readonly #surplusDue = new Map<number, { pack: number; sinceMs: number }[]>();
  /** Packs that the coordinator counts for a device, whatever is on its disk. */
  readonly #maps = new Map<number, Set<number>>();
  #breaker: BreakerState = { open: false };
  #changed = false;
  nowMs = START_MS;

  constructor(options: SimulationOptions) {
    this.#options = { packBytes: 64e6, linkBytesPerSecond: 10e6, lossPerYear: 0, drainedShare: 0, dayOff: 0.05, ...options };
    this.#random = seededRandom(options.seed);
    this.#calendars = workCalendars(options.rules.settings.workWeek);
    const packCount = options.devices * options.packsPerDevice;
    this.world = new World(packCount, this.#options.packBytes);
    this.result = {
      ...{ hours: 0, packYears: 0, losses: 0, forGood: 0, placed: 0, repairs: 0, busiestShare: 0, traffic: [], deaths: 0, drained: 0 },
      ...{ drainWindows: 0, reclaimed: 0, resent: 0, trimmed: 0, frozenHours: 0, repairsWhileFrozen: 0 },
      restorable: { seen: new Float64Array(168), of: new Float64Array(168) },
    };
    // A team that has been there for long: everybody is vetted and awake when the first packs are placed.
    for (let n = 0; n < options.devices; n += 1) {
      const device = this.world.join(START_MS - 30 * DAY_MS, `site-${n % options.sites}`, n < options.anchors);
      Object.assign(device, { online: true, lastSeenAtMs: START_MS, state: 'active', vetted: true });
      for (let p = 0; p < options.packsPerDevice; p += 1) this.world.setOwner(n * options.packsPerDevice + p, device);
    }
    for (let pack = 0; pack < packCount; pack += 1) this.#wanting.add(pack);
    this.#plan(Number.POSITIVE_INFINITY);
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
    if (device.anchor) this.#at(this.#arrivals, untilMs, { device, atMs: untilMs });
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
      this.#at(this.#arrivals, day.fromMs, { device, atMs: day.fromMs });
      this.#at(this.#departures, day.toMs, { device, atMs: day.toMs });
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
    for (const { device, atMs } of take(this.#arrivals, hour)) if (device.alive && atMs >= device.absentUntilMs) this.#arrive(device, atMs);
    for (const { device, atMs } of take(this.#departures, hour)) if (device.online) this.#depart(device, atMs);
    for (const device of take(this.#due, hour)) if (device.dueHour === hour) this.#look(device);
    const { rules } = this.#options;
    if (this.#changed || this.#breaker.open) {
      this.#breaker = rules.planBreaker(this.#breaker, this.#members(), this.nowMs, rules.settings);
      this.#changed = false;
    }
    if (this.#breaker.open) this.result.frozenHours += 1;
    const { linkBytesPerSecond, packBytes } = this.#options;
    this.#plan(Math.floor((linkBytesPerSecond * 3600) / packBytes));
    this.#trim(take(this.#surplusDue, hour));
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
    this.#at(this.#due, device.dueHour * HOUR_MS, device);
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
    for (const pack of device.holdings) this.#wanting.add(pack);
    // A dead device's packs are known to the coordinator only by the map.
    if (!device.alive) for (const pack of this.#mapOf(device)) this.#wanting.add(pack);
    if (device.state === 'lost') this.#forget(device);
  }

  #mapOf(device: SimulatedDevice): Set<number> {
    let map = this.#maps.get(device.index);
    if (!map) this.#maps.set(device.index, (map = new Set()));
    return map;
  }

  #forget(device: SimulatedDevice): void {
    for (const pack of this.#mapOf(device)) this.world.removeHolder(pack, device);
    if (!device.alive) this.#maps.delete(device.index);
  }

  /** Its inventory: what it still holds counts again, and nothing of that is sent to it. */
  #reclaim(device: SimulatedDevice, from: DeviceState): void {
    if (!isGone(from)) return;
    for (const pack of device.holdings) {
      this.world.addHolder(pack, device);
      this.#mapOf(device).add(pack);
      this.result.reclaimed += 1;
      const { trimAfterMs } = this.#options.rules.settings.reconcile;
      this.#at(this.#surplusDue, this.nowMs + trimAfterMs + HOUR_MS, { pack, sinceMs: this.nowMs });
    }
  }

  #plan(slots: number): void {
    const { rules, packBytes } = this.#options;
    let copies = 0;
    const shared = new Map<number, number>();
    if (this.#wanting.size > 0) {
      const share = Math.floor(slots * rules.settings.repair.linkShare);
      const online = this.world.devices.filter((device) => device.online);
      const candidates = new CandidatePool(
        online.map((device) => candidateOf(device, packBytes, slots, share)),
        rules.settings,
        this.#random,
      );
      const queue = [...this.#wanting];
      for (let at = 0; at < queue.length; at += PART) {
        const part = queue.slice(at, at + PART);
        const plan = rules.planRepair({
          packs: part.map((pack) => this.world.pack(pack)),
          ...{ candidates, breaker: this.#breaker, settings: rules.settings, random: this.#random },
        });
        for (const assignment of plan.assignments) {
          copies += this.#copy(assignment);
          if (assignment.urgency === 'in-its-share') shared.set(...oneMore(shared, this.world.device(assignment.deviceId).index));
        }
        const unmet = new Set(plan.unmet.map(({ packId }) => packNumber(packId)));
        if (!plan.more) for (const pack of part) if (!unmet.has(pack)) this.#wanting.delete(pack);
      }
    }
    if (Number.isFinite(slots)) for (const n of shared.values()) this.result.busiestShare = Math.max(this.result.busiestShare, n / slots);
    this.result.traffic.push(copies);
  }

  /** A copy arrives within the hour: both ends are there. Returns 1, or 0 when the pack was there already. */
  #copy({ packId, deviceId, cause }: RepairAssignment): number {
    const device = this.world.device(deviceId);
    const pack = packNumber(packId);
    if (device.holdings.has(pack)) {
      this.result.resent += 1;
      return 0;
    }
    if (!this.world.addHolder(pack, device)) return 0;
    device.holdings.add(pack);
    this.#mapOf(device).add(pack);
    this.world.intact[pack]! += 1;
    if (cause === 'repair') {
      this.result.repairs += 1;
      if (this.#breaker.open) this.result.repairsWhileFrozen += 1;
    }
    return 1;
  }

  #trim(due: readonly { pack: number; sinceMs: number }[]): void {
    const { rules } = this.#options;
    for (const { pack, sinceMs } of due) {
      const roomOf = (): { availableBytes: number } => ({ availableBytes: 0 });
      for (const deviceId of rules.planTrim({ ...this.world.pack(pack), surplusSinceMs: sinceMs }, roomOf, this.nowMs, rules.settings)) {
        const device = this.world.device(deviceId);
        this.world.removeHolder(pack, device);
        this.#mapOf(device).delete(pack);
        if (device.holdings.delete(pack)) this.world.intact[pack]! -= 1;
        this.result.trimmed += 1;
      }
    }
  }

  #lose(pack: number): void {
    this.world.intact[pack]! -= 1;
    if (this.world.intact[pack] !== 0) return;
    this.result.losses += 1;
    if (!this.world.owner(pack).alive) this.result.forGood += 1;
    this.#wanting.add(pack);
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

  #at<T>(calendar: Map<number, T[]>, atMs: number, what: T): void {
    const hour = Math.max(Math.floor(atMs / HOUR_MS), Math.floor(this.nowMs / HOUR_MS));
    const there = calendar.get(hour);
    if (there) there.push(what);
    else calendar.set(hour, [what]);
  }
}

const oneMore = (counts: Map<number, number>, key: number): [number, number] => [key, (counts.get(key) ?? 0) + 1];

function take<T>(calendar: Map<number, T[]>, hour: number): T[] {
  const there = calendar.get(hour) ?? [];
  calendar.delete(hour);
  return there;
}

/** Room is no matter here: every device has it for four times its share. */
function candidateOf(device: SimulatedDevice, packBytes: number, slots: number, share: number): Candidate {
  return {
    ...{ deviceId: device.deviceId, machineId: device.deviceId, site: device.site, anchor: device.anchor, state: device.state },
    ...{ online: device.online, vetted: device.vetted, auditScore: 1, presence: device.anchor ? 1 : 0.3 },
    availableBytes: Math.max(0, (1e6 - device.holdings.size) * packBytes),
    openSlots: acceptsPacks(device.state) ? slots : 0,
    repairSlots: share,
  };
}

const weighs = (state: DeviceState): string =>
  isGone(state) ? 'gone' : isDoubted(state) ? 'doubtful' : state === 'draining' ? 'leaving' : 'sound';
