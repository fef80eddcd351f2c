import type { DeviceId, PackId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import type { BlockSource, ReadOptions } from '#libs/vault';
import type { Membership } from '../membership/membership.ts';
import type { ConnectionPool } from './connection-pool.ts';

/** A connection that breaks after it brought something is made anew this often within one read. */
const resumes = 3;

/** A device as a place to read blocks from. Conversations are reused; one that failed or was left early is not. */
export class DeviceSource implements BlockSource {
  readonly #deviceId: DeviceId;
  readonly #membership: Membership;
  readonly #pool: ConnectionPool;

  constructor(deviceId: DeviceId, membership: Membership, pool: ConnectionPool) {
    this.#deviceId = deviceId;
    this.#membership = membership;
    this.#pool = pool;
  }

  get name(): string {
    return this.#membership.byDevice(this.#deviceId)?.name ?? this.#deviceId;
  }

  async rootBlock(packId: PackId, options: ReadOptions = {}): Promise<Uint8Array> {
    for (;;) {
      const connection = await this.#pool.take(this.#deviceId, options);
      try {
        return await connection.rootBlock(packId, options);
      } catch (error) {
        if (!isAppError(error, 'source_unavailable') || !this.#pool.wasKept(connection) || options.signal?.aborted) throw error;
      } finally {
        await this.#pool.giveBack(this.#deviceId, connection);
      }
    }
  }

  async *leaves(packId: PackId, first: number, count: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    let at = first;
    for (let resumed = 0; ;) {
      const before = at;
      const connection = await this.#pool.take(this.#deviceId, options);
      try {
        for await (const leaf of connection.leaves(packId, at, first + count - at, options)) {
          at += 1;
          yield leaf;
        }
        return;
      } catch (error) {
        if (!isAppError(error, 'source_unavailable') || options.signal?.aborted) throw error;
        // A laptop changed its network; or the answer was cut because the next leaf is damaged: asked for alone, it says so.
        if (at > before && resumed < resumes) resumed += 1;
        else if (at > before || !this.#pool.wasKept(connection)) throw error;
      } finally {
        await this.#pool.giveBack(this.#deviceId, connection);
      }
    }
  }
}
