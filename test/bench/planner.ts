/**
 * How long the planner takes for a large team: the first plan of all packs, a look at all of them again, and what follows when one device
 * goes missing. Runs `planRepair` in parts of the coordinator's size, each with a fresh look at the team, as the coordinator does; the
 * packs come out of typed arrays where the coordinator reads rows. Prints the figures, writes nothing.
 *
 *   npm run bench:planner -- [--packs 1000000] [--devices 500] [--seed 1]
 */
import { parseArgs } from 'node:util';
import type { DeviceState } from '#libs/contracts';
import type { Candidate, PackToRepair, RepairAssignment, Replica } from '#libs/durability';
import { defaultDurabilitySettings as settings, needsCopies, planRepair } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';

const { values } = parseArgs({
  options: {
    packs: { type: 'string', default: '1000000' },
    devices: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
const packCount = Number(values.packs);
const deviceCount = Number(values.devices);
const seed = Number(values.seed);

/** As the coordinator's PLAN_SIZE. */
const PART = 250;
const PACK_BYTES = 64_000_000;
const SLOTS = 8;
const goal = { target: 3, minimum: 2 };
const random = seededRandom(seed);

/** One team: a tenth are anchors, three sites, room for three copies of everything and a third more. */
const devices = Array.from({ length: deviceCount }, (_, n) => ({
  deviceId: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}` as DeviceId,
  site: `site-${n % 3}`,
  anchor: n % 10 === 0,
  presence: n % 10 === 0 ? 1 : 0.3 + 0.4 * random.next(),
  availableBytes: ((packCount * PACK_BYTES * 4) / deviceCount) * (0.8 + 0.4 * random.next()),
  state: 'active' as DeviceState,
}));
const indexOf = new Map(devices.map((device, at) => [device.deviceId, at]));
/** Holder of each replica, device + 1; 0: none. */
const holders = new Uint16Array(packCount * SLOTS);
const given = new Float64Array(deviceCount);

const candidates = (): Candidate[] =>
  devices.map((device, at) => ({
    ...device,
    machineId: device.deviceId,
    online: device.state === 'active',
    availableBytes: device.availableBytes - given[at]!,
    auditScore: 1,
  }));

function packAt(at: number): PackToRepair {
  const owner = devices[at % deviceCount]!;
  const replicas: Replica[] = [];
  for (let slot = at * SLOTS; slot < (at + 1) * SLOTS && holders[slot] !== 0; slot += 1) {
    const { deviceId, site, anchor, state } = devices[holders[slot]! - 1]!;
    replicas.push({ deviceId, machineId: deviceId, site, anchor, state, status: 'held' });
  }
  return {
    packId: `b${at.toString(32).padStart(58, 'a')}` as PackId,
    kind: at % 200 === 0 ? 'index' : at % 20 === 0 ? 'meta' : 'data',
    sizeBytes: PACK_BYTES,
    owner: { deviceId: owner.deviceId, machineId: owner.deviceId, site: owner.site },
    replicas,
    goal,
    ownerOnline: owner.state === 'active',
  };
}

/** Carries a plan out at once: every copy arrives. */
function carryOut(assignments: readonly RepairAssignment[]): void {
  for (const { packId, deviceId } of assignments) {
    const at = indexOf.get(deviceId)!;
    const pack = numbers.get(packId)!;
    let slot = pack * SLOTS;
    while (holders[slot] !== 0 && slot < (pack + 1) * SLOTS) slot += 1;
    if (slot < (pack + 1) * SLOTS) holders[slot] = at + 1;
    given[at]! += PACK_BYTES;
  }
}

const numbers = new Map<PackId, number>();
function planAll(packs: Iterable<number>): { looked: number; copies: number; unmet: number } {
  const total = { looked: 0, copies: 0, unmet: 0 };
  let part: PackToRepair[] = [];
  const plan = (): void => {
    const { assignments, unmet } = planRepair({ packs: part, candidates: candidates(), breaker: { open: false }, settings, random });
    carryOut(assignments);
    total.copies += assignments.length;
    total.unmet += unmet.length;
    part = [];
    numbers.clear();
  };
  for (const at of packs) {
    const pack = packAt(at);
    numbers.set(pack.packId, at);
    part.push(pack);
    total.looked += 1;
    if (part.length === PART) plan();
  }
  if (part.length > 0) plan();
  return total;
}

function timed<T>(name: string, work: () => T): T {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = work();
  const seconds = (performance.now() - start) / 1000;
  // On a machine that others use too, the processor time says more than the clock.
  const { user, system } = process.cpuUsage(cpu);
  const { maxRSS } = process.resourceUsage();
  console.log(
    `${name.padEnd(58)} ${seconds.toFixed(2).padStart(7)} s (CPU ${((user + system) / 1e6).toFixed(2)} s)   ${JSON.stringify(result)}   peak ${Math.round(maxRSS / 1024)} MiB`,
  );
  return result;
}

function* all(): Generator<number> {
  for (let at = 0; at < packCount; at += 1) yield at;
}

console.log(`${packCount} packs, target ${goal.target}, ${deviceCount} devices, parts of ${PART}, seed ${seed}`);
timed('first plan of everything', () => planAll(all()));
timed('a look at everything again: who needs copies', () => {
  let wanting = 0;
  for (const at of all()) {
    const pack = packAt(at);
    if (needsCopies(pack, goal, settings)) wanting += 1;
  }
  return { wanting };
});

// The database finds a device's packs by an index; here it is a pass over one array that is not part of the time.
const lost = devices.findIndex((device) => !device.anchor);
const held: number[] = [];
for (let slot = 0; slot < holders.length; slot += 1) if (holders[slot] === lost + 1) held.push(Math.floor(slot / SLOTS));
devices[lost] = { ...devices[lost]!, state: 'missing' };
timed(`plan after one device went missing (it held ${held.length})`, () => planAll(held));
