import type { RosterMember } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { Dialer } from '../network/dialer.ts';
import type { CarryOptions, PackCarrier } from './carrier.ts';
import { PackExchange } from './exchange.ts';
import type { TransferLimits } from './limits.ts';
import { packProtocol } from './messages.ts';
import type { RateLimit } from './rate-limit.ts';

/** {@link PackCarrier} over libp2p streams: works wherever two members can connect at all, also through a relay. */
export class Libp2pCarrier implements PackCarrier {
  readonly name = 'libp2p';
  readonly #dialer: Dialer;
  readonly #options: { readonly limits: TransferLimits; readonly clock: Clock; readonly download: RateLimit };

  constructor(dialer: Dialer, options: { readonly limits: TransferLimits; readonly clock: Clock; readonly download: RateLimit }) {
    this.#dialer = dialer;
    this.#options = options;
  }

  reaches(device: RosterMember): boolean {
    return this.#dialer.knowsTheWayTo(device);
  }

  async connect(device: RosterMember, options: CarryOptions = {}): Promise<PackExchange> {
    const stream = await this.#dialer.openStream(device, packProtocol, options.signal);
    return new PackExchange(stream, { from: device.name, ...this.#options });
  }
}
