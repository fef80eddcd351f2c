import type { BreakerState, Candidate, RepairAssignment } from '#libs/durability';
import { CandidatePool, acceptsPacks } from '#libs/durability';
import type { RandomSource } from '#libs/kernel';
import type { SimulationResult } from './simulation-result.ts';
import { packNumber, type Rules, type SimulatedDevice, type World } from './world.ts';

/** As the coordinator's PLAN_SIZE. */
const PART = 250;

interface RepairOptions {
  readonly world: World;
  readonly rules: Rules;
  readonly packBytes: number;
  readonly random: RandomSource;
  readonly result: SimulationResult;
}

/** A pack that has more copies than it needs, since a device came back. */
export interface Surplus {
  readonly pack: number;
  readonly sinceMs: number;
}

/** What the coordinator does with copies: places, repairs and trims them by the rules, and counts which device has which. */
export class SimulatedRepair {
  readonly #options: RepairOptions;
  readonly #wanting = new Set<number>();
  /** Packs that the coordinator counts for a device, whatever is on its disk. */
  readonly #counted = new Map<number, Set<number>>();

  constructor(options: RepairOptions) {
    this.#options = options;
  }

  /** The pack may need copies: it is looked at in the next plan. */
  want(pack: number): void {
    this.#wanting.add(pack);
  }

  /** Packs that are counted for a device. */
  countedFor(device: SimulatedDevice): Set<number> {
    let packs = this.#counted.get(device.index);
    if (!packs) this.#counted.set(device.index, (packs = new Set()));
    return packs;
  }

  /** Nothing is counted for the device any more. */
  forget(device: SimulatedDevice): void {
    for (const pack of this.countedFor(device)) this.#options.world.removeHolder(pack, device);
    if (!device.alive) this.#counted.delete(device.index);
  }

  /** Copies for an hour. `slots`: how many a link carries in it. */
  plan(slots: number, breaker: BreakerState): void {
    const { world, rules, packBytes, random, result } = this.#options;
    let copies = 0;
    const shared = new Map<number, number>();
    if (this.#wanting.size > 0) {
      const share = Math.floor(slots * rules.settings.repair.linkShare);
      const online = world.devices.filter((device) => device.online);
      const candidates = new CandidatePool(
        online.map((device) => candidateOf(device, packBytes, slots, share)),
        rules.settings,
        random,
      );
      const queue = [...this.#wanting];
      for (let at = 0; at < queue.length; at += PART) {
        const part = queue.slice(at, at + PART);
        const plan = rules.planRepair({
          packs: part.map((pack) => world.pack(pack)),
          ...{ candidates, breaker, settings: rules.settings, random },
        });
        for (const assignment of plan.assignments) {
          copies += this.#copy(assignment, breaker);
          if (assignment.urgency === 'in-its-share') shared.set(...oneMore(shared, world.device(assignment.deviceId).index));
        }
        const unmet = new Set(plan.unmet.map(({ packId }) => packNumber(packId)));
        if (!plan.more) for (const pack of part) if (!unmet.has(pack)) this.#wanting.delete(pack);
      }
    }
    if (Number.isFinite(slots)) for (const n of shared.values()) result.busiestShare = Math.max(result.busiestShare, n / slots);
    result.traffic.push(copies);
  }

  trim(due: readonly Surplus[], nowMs: number): void {
    const { world, rules, result } = this.#options;
    for (const { pack, sinceMs } of due) {
      const roomOf = (): { availableBytes: number } => ({ availableBytes: 0 });
      for (const deviceId of rules.planTrim({ ...world.pack(pack), surplusSinceMs: sinceMs }, roomOf, nowMs, rules.settings)) {
        const device = world.device(deviceId);
        world.removeHolder(pack, device);
        this.countedFor(device).delete(pack);
        if (device.holdings.delete(pack)) world.intact[pack]! -= 1;
        result.trimmed += 1;
      }
    }
  }

  /** A copy arrives within the hour: both ends are there. Returns 1, or 0 when the pack was there already. */
  #copy({ packId, deviceId, cause }: RepairAssignment, breaker: BreakerState): number {
    const { world, result } = this.#options;
    const device = world.device(deviceId);
    const pack = packNumber(packId);
    if (device.holdings.has(pack)) {
      result.resent += 1;
      return 0;
    }
    if (!world.addHolder(pack, device)) return 0;
    device.holdings.add(pack);
    this.countedFor(device).add(pack);
    world.intact[pack]! += 1;
    if (cause === 'repair') {
      result.repairs += 1;
      if (breaker.open) result.repairsWhileFrozen += 1;
    }
    return 1;
  }
}

const oneMore = (counts: Map<number, number>, key: number): [number, number] => [key, (counts.get(key) ?? 0) + 1];

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
