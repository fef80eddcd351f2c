import type { DeviceState } from '#libs/contracts';
import type { BreakerDevice, DeviceMark, DurabilitySettings, PackToRepair, Replica } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';

/** Replicas that a pack has room for in the simulation: far above any target. */
const SLOTS = 12;
export const GOAL = { target: 3, minimum: 2 };

export interface SimulatedDevice extends BreakerDevice {
  readonly deviceId: DeviceId;
  readonly index: number;
  readonly site: string;
  readonly anchor: boolean;
  readonly joinedAtMs: number;
  /** The truth, which the rules do not know: its disk is there and it may come back. */
  alive: boolean;
  online: boolean;
  /** Kept away until then, whatever the day. */
  absentUntilMs: number;
  lastSeenAtMs: number;
  state: DeviceState;
  stateSinceMs: number;
  marked: boolean;
  mark: DeviceMark;
  awayUntilMs: number | null;
  vetted: boolean;
  /** The hour in which it is looked at next; 0: none. */
  dueHour: number;
  /** Packs on its disk. */
  readonly holdings: Set<number>;
}

/** Devices and packs: what is true, and what the coordinator counts. Packs live in typed arrays, so that a million fit. */
export class World {
  readonly devices: SimulatedDevice[] = [];
  readonly #byId = new Map<DeviceId, SimulatedDevice>();
  readonly #owner: Int32Array;
  /** Device + 1 in the order in which copies arrived; 0: free. */
  readonly #holders: Int32Array;
  /** Intact copies at others, known or not. */
  readonly intact: Uint8Array;
  readonly packCount: number;
  readonly packBytes: number;

  constructor(packCount: number, packBytes: number) {
    this.packCount = packCount;
    this.packBytes = packBytes;
    this.#owner = new Int32Array(packCount);
    this.#holders = new Int32Array(packCount * SLOTS);
    this.intact = new Uint8Array(packCount);
  }

  join(nowMs: number, site: string, anchor: boolean): SimulatedDevice {
    const index = this.devices.length;
    const device: SimulatedDevice = {
      ...{ deviceId: `device-${index}` as DeviceId, index, site, anchor, joinedAtMs: nowMs, alive: true, online: anchor },
      ...{ absentUntilMs: 0, lastSeenAtMs: nowMs, state: 'vetting', stateSinceMs: nowMs, marked: false, mark: 'none' },
      ...{ awayUntilMs: null, vetted: false, dueHour: 0, holdings: new Set<number>() },
    };
    this.devices.push(device);
    this.#byId.set(device.deviceId, device);
    return device;
  }

  device(deviceId: DeviceId): SimulatedDevice {
    return this.#byId.get(deviceId)!;
  }

  setOwner(pack: number, device: SimulatedDevice): void {
    this.#owner[pack] = device.index;
  }

  owner(pack: number): SimulatedDevice {
    return this.devices[this.#owner[pack]!]!;
  }

  /** Devices that the coordinator counts for a pack. */
  *holders(pack: number): Generator<SimulatedDevice> {
    for (let slot = pack * SLOTS; slot < (pack + 1) * SLOTS; slot += 1)
      if (this.#holders[slot] !== 0) yield this.devices[this.#holders[slot]! - 1]!;
  }

  /** Notes a holder; false when it was known or there is no room for another. */
  addHolder(pack: number, device: SimulatedDevice): boolean {
    let free = -1;
    for (let slot = pack * SLOTS; slot < (pack + 1) * SLOTS; slot += 1) {
      if (this.#holders[slot] === device.index + 1) return false;
      if (free < 0 && this.#holders[slot] === 0) free = slot;
    }
    if (free < 0) return false;
    this.#holders[free] = device.index + 1;
    return true;
  }

  removeHolder(pack: number, device: SimulatedDevice): void {
    for (let slot = pack * SLOTS; slot < (pack + 1) * SLOTS; slot += 1)
      if (this.#holders[slot] === device.index + 1) this.#holders[slot] = 0;
  }

  /** A pack as the rules see it. */
  pack(pack: number): PackToRepair {
    const owner = this.owner(pack);
    const replicas: Replica[] = [];
    for (const { deviceId, site, anchor, state, vetted } of this.holders(pack))
      replicas.push({ deviceId, machineId: deviceId, site, anchor, state, vetted, status: 'held' });
    return {
      packId: `p${pack}` as PackId,
      kind: 'data',
      sizeBytes: this.packBytes,
      owner: { deviceId: owner.deviceId, machineId: owner.deviceId, site: owner.site },
      replicas,
      goal: GOAL,
      ownerOnline: owner.online,
    };
  }

  /** Some other device has it and is there. */
  isRestorable(pack: number): boolean {
    for (const holder of this.holders(pack)) if (holder.online) return true;
    return false;
  }
}

export const packNumber = (packId: PackId): number => Number(packId.slice(1));

export interface Rules {
  readonly settings: DurabilitySettings;
  readonly deviceStanding: typeof import('#libs/durability').deviceStanding;
  readonly planBreaker: typeof import('#libs/durability').planBreaker;
  readonly planRepair: typeof import('#libs/durability').planRepair;
  readonly planTrim: typeof import('#libs/durability').planTrim;
}
