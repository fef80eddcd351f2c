import type { RosterMember } from '#libs/contracts';
import type { Clock } from '#libs/kernel';

/** How long a device that did not answer one way is asked another way first; twice as long each time, up to the second. */
const avoiding = { firstMs: 60_000, atMostMs: 15 * 60_000 } as const;

/**
 * Devices that did not answer one way, so that the next read does not wait for it again: a firewall or a NAT is nothing that
 * mends itself within a minute. New addresses are tried at once.
 */
export class AvoidedDevices {
  readonly #clock: Clock;
  readonly #avoided = new Map<string, { readonly addresses: string; readonly untilMs: number; readonly forMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `addresses`: all that would be tried now, as one text; those of the roster unless said otherwise. */
  has(device: RosterMember, addresses = rosters(device)): boolean {
    const known = this.#avoided.get(device.deviceId);
    return known !== undefined && known.addresses === addresses && this.#clock.nowMs() < known.untilMs;
  }

  failed(device: RosterMember, addresses = rosters(device)): void {
    const before = this.#avoided.get(device.deviceId);
    const again = before?.addresses === addresses;
    const forMs = again ? Math.min(before.forMs * 2, avoiding.atMostMs) : avoiding.firstMs;
    this.#avoided.set(device.deviceId, { addresses, untilMs: this.#clock.nowMs() + forMs, forMs });
  }

  worked(device: RosterMember): void {
    this.#avoided.delete(device.deviceId);
  }
}

const rosters = (device: RosterMember): string => device.addresses.join(' ');
