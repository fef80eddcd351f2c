import type { RosterMember } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { CarryOptions, PackCarrier, PackConnection } from './carrier.ts';

/** Idle conversations kept with each device for the next read: a restore reads with this many at once. */
const keptConnections = 4;
/** Shorter than a server waits for a next request, so that a kept one is still good. */
const keptForMs = 10_000;

interface Kept {
  readonly connection: PackConnection;
  readonly expires: NodeJS.Timeout;
}

/** Conversations with devices, over whichever carrier gets through first in the order of `carriers`; idle ones are used again. */
export class ConnectionPool {
  readonly #membership: Membership;
  readonly #carriers: readonly PackCarrier[];
  readonly #kept = new Map<DeviceId, Kept[]>();
  readonly #usedAgain = new WeakSet<PackConnection>();

  constructor(membership: Membership, carriers: readonly PackCarrier[]) {
    this.#membership = membership;
    this.#carriers = carriers;
  }

  /** Throws `not_a_member`, `source_unavailable`. */
  async take(deviceId: DeviceId, options: CarryOptions = {}): Promise<PackConnection> {
    options.signal?.throwIfAborted();
    const device = this.#membership.byDevice(deviceId);
    if (!device) throw new SwarmError('not_a_member', `device ${deviceId} is not in the roster`, { context: { deviceId } });
    for (let kept; (kept = this.#kept.get(deviceId)?.pop());) {
      clearTimeout(kept.expires);
      if (kept.connection.usable) {
        this.#usedAgain.add(kept.connection);
        return kept.connection;
      }
      await kept.connection.close();
    }
    return connectBy(this.#carriers, device, options);
  }

  /** True for a conversation that was kept: if it breaks at once, the other side had ended it, which says nothing about the device. */
  wasKept(connection: PackConnection): boolean {
    return this.#usedAgain.has(connection);
  }

  /** Keeps a conversation that can carry another request; ends any other. */
  async giveBack(deviceId: DeviceId, connection: PackConnection): Promise<void> {
    const kept = this.#kept.get(deviceId) ?? [];
    const isMember = this.#membership.byDevice(deviceId) !== undefined;
    if (!isMember || !connection.usable || kept.length >= keptConnections) return connection.close();
    const expires = setTimeout(() => {
      const at = kept.findIndex((one) => one.connection === connection);
      if (at >= 0) kept.splice(at, 1);
      void connection.close();
    }, keptForMs);
    // An idle conversation is no reason to keep a process alive.
    expires.unref();
    kept.push({ connection, expires });
    this.#kept.set(deviceId, kept);
  }

  /** Ends what is kept with those who are no longer members. */
  async followRoster(): Promise<void> {
    for (const deviceId of this.#kept.keys()) if (!this.#membership.byDevice(deviceId)) await this.#forget(deviceId);
  }

  async close(): Promise<void> {
    for (const deviceId of this.#kept.keys()) await this.#forget(deviceId);
  }

  async #forget(deviceId: DeviceId): Promise<void> {
    const kept = this.#kept.get(deviceId) ?? [];
    this.#kept.delete(deviceId);
    for (const { connection, expires } of kept.splice(0)) {
      clearTimeout(expires);
      await connection.close();
    }
  }
}

/** The first carrier that gets through. Throws the last one's error. */
async function connectBy(carriers: readonly PackCarrier[], device: RosterMember, options: CarryOptions): Promise<PackConnection> {
  let failure: unknown = new SwarmError('source_unavailable', `${device.name} can't be reached: no address of it is known`, {
    status: 'temporary',
    context: { deviceId: device.deviceId },
    nextStep: 'Try again when the device is online.',
  });
  for (const carrier of carriers) {
    if (!(await carrier.reaches(device))) continue;
    try {
      return await carrier.connect(device, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}
