import type { DeviceId, PackId } from '#libs/kernel';
import type { BlockSource, ReadOptions } from '#libs/vault';
import type { RosterMember } from '#libs/contracts';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { PackCarrier, PackConnection } from './carrier.ts';

/** Idle conversations kept for the next read: a restore reads with this many at once. */
const keptConnections = 4;
/** Shorter than the server waits for a next request, so that a kept one is still good. */
const keptForMs = 10_000;

/** A device as a place to read blocks from. Conversations are reused; one that failed or was left early is not. */
export class DeviceSource implements BlockSource {
  readonly #deviceId: DeviceId;
  readonly #membership: Membership;
  readonly #carriers: readonly PackCarrier[];
  readonly #kept: { readonly connection: PackConnection; readonly expires: NodeJS.Timeout }[] = [];

  constructor(deviceId: DeviceId, membership: Membership, carriers: readonly PackCarrier[]) {
    this.#deviceId = deviceId;
    this.#membership = membership;
    this.#carriers = carriers;
  }

  get name(): string {
    return this.#membership.byDevice(this.#deviceId)?.name ?? this.#deviceId;
  }

  async rootBlock(packId: PackId, options: ReadOptions = {}): Promise<Uint8Array> {
    const connection = await this.#take(options);
    let good = false;
    try {
      const block = await connection.rootBlock(packId, options);
      good = true;
      return block;
    } finally {
      await this.#giveBack(connection, good);
    }
  }

  async *leaves(packId: PackId, first: number, count: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const connection = await this.#take(options);
    let good = false;
    try {
      yield* connection.leaves(packId, first, count, options);
      good = true;
    } finally {
      await this.#giveBack(connection, good);
    }
  }

  async close(): Promise<void> {
    for (const { connection, expires } of this.#kept.splice(0)) {
      clearTimeout(expires);
      await connection.close();
    }
  }

  async #take(options: ReadOptions): Promise<PackConnection> {
    options.signal?.throwIfAborted();
    const kept = this.#kept.pop();
    if (kept) {
      clearTimeout(kept.expires);
      return kept.connection;
    }
    const device = this.#membership.byDevice(this.#deviceId);
    if (!device)
      throw new SwarmError('not_a_member', `device ${this.#deviceId} is not in the roster`, { context: { deviceId: this.#deviceId } });
    return connectBy(this.#carriers, device, options);
  }

  async #giveBack(connection: PackConnection, good: boolean): Promise<void> {
    if (!good || this.#kept.length >= keptConnections) return connection.close();
    const expires = setTimeout(() => {
      const at = this.#kept.findIndex((kept) => kept.connection === connection);
      if (at >= 0) this.#kept.splice(at, 1);
      void connection.close();
    }, keptForMs);
    // An idle conversation is no reason to keep a process alive.
    expires.unref();
    this.#kept.push({ connection, expires });
  }
}

/** The first carrier that gets through. Throws the last one's error. */
export async function connectBy(carriers: readonly PackCarrier[], device: RosterMember, options: ReadOptions): Promise<PackConnection> {
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
