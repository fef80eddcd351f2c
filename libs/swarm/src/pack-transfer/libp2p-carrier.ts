import type { RosterMember } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { Dialer } from '../network/dialer.ts';
import { linkOfMultiaddr } from '../network/link.ts';
import type { CarryOptions, PackCarrier } from './carrier.ts';
import { PackExchange } from './exchange.ts';
import type { TransferLimits } from './limits.ts';
import type { LinkRates } from './link-rates.ts';
import { packProtocol } from './messages.ts';

/** {@link PackCarrier} over libp2p streams: works wherever two members can connect at all, also through a relay. */
export class Libp2pCarrier implements PackCarrier {
  readonly name = 'libp2p';
  readonly #dialer: Dialer;
  readonly #options: { readonly limits: TransferLimits; readonly clock: Clock; readonly download: LinkRates };

  constructor(dialer: Dialer, options: { readonly limits: TransferLimits; readonly clock: Clock; readonly download: LinkRates }) {
    this.#dialer = dialer;
    this.#options = options;
  }

  reaches(device: RosterMember): boolean {
    return this.#dialer.knowsTheWayTo(device);
  }

  async connect(device: RosterMember, options: CarryOptions = {}): Promise<PackExchange> {
    const { download, ...rest } = this.#options;
    return this.#dialer.reach(device, options.signal, async (connection, signal) => {
      const stream = await connection.newStream(packProtocol, { signal, runOnLimitedConnection: true });
      return new PackExchange(stream, { from: device.name, download: download.of(linkOfMultiaddr(connection.remoteAddr)), ...rest });
    });
  }
}
