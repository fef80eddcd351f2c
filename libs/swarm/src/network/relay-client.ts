import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Clock } from '#libs/kernel';
import type { Membership } from '../membership/membership.ts';
import type { Dialer } from './dialer.ts';
import type { PrivateLibp2p } from './libp2p-node.ts';
import { isRelayed } from './link.ts';

/** Numbers of the way through the relay, with their reasons. */
const relaying = {
  /** How soon a lost place at the relay is taken again: a coordinator that restarts is away for seconds. */
  lookEveryMs: 15_000,
  /** How long a relayed connection is kept for what still runs on it once there is a direct one. */
  retireAfterMs: 60_000,
  retireLookMs: 1_000,
} as const;

export interface RelayClientOptions {
  readonly libp2p: PrivateLibp2p;
  readonly dialer: Dialer;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly ownPeerId: string;
}

/**
 * Makes a device that nobody can dial reachable through the coordinator's relay, and gets off the relay where there is a
 * direct way: whoever is reached through the relay dials back at the addresses that the roster names. libp2p's own
 * upgrade (DCUtR) is not used: it dials what a peer says of itself.
 */
export class RelayClient {
  readonly #options: RelayClientOptions;
  readonly #stopped = new AbortController();
  #wake = new AbortController();

  constructor(options: RelayClientOptions) {
    this.#options = options;
    options.libp2p.addEventListener('connection:open', (event) => void this.#opened(event.detail));
  }

  /** From now on keeps a place at the relay. */
  start(): void {
    void this.#keepPlace();
  }

  /** The roster may name another relay. */
  followRoster(): void {
    this.#wake.abort();
  }

  stop(): void {
    this.#stopped.abort();
    this.#wake.abort();
  }

  async #keepPlace(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped.signal.aborted) {
      this.#wake = new AbortController();
      // A coordinator that is away is nothing to tell anybody: the direct ways work without it.
      await this.#takePlace().catch(() => undefined);
      await clock.sleep(relaying.lookEveryMs, this.#wake.signal).catch(() => undefined);
    }
  }

  async #takePlace(): Promise<void> {
    const { libp2p, dialer, ownPeerId } = this.#options;
    if (libp2p.getMultiaddrs().some(isRelayed)) return;
    for (const relay of dialer.relays()) {
      if (relay.peerId === ownPeerId) continue;
      const connection = await dialer.connect(relay, this.#stopped.signal);
      if (isRelayed(connection.remoteAddr)) continue;
      const address = connection.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, '');
      await libp2p.services.listening.at(`${address}/p2p/${relay.peerId}/p2p-circuit`);
      return;
    }
  }

  async #opened(connection: Connection): Promise<void> {
    const { libp2p, dialer, membership } = this.#options;
    const member = membership.byPeer(connection.remotePeer.toString());
    if (!member) return;
    if (isRelayed(connection.remoteAddr)) {
      // Who dialled has just tried the other way round.
      if (connection.direction === 'inbound') await dialer.connectDirectly(member, this.#stopped.signal).catch(() => undefined);
      return;
    }
    for (const other of libp2p.getConnections(peerIdFromString(member.peerId))) if (isRelayed(other.remoteAddr)) void this.#retire(other);
  }

  /** Ends a relayed connection when nothing runs on it any more. */
  async #retire(connection: Connection): Promise<void> {
    const { clock } = this.#options;
    try {
      for (let waitedMs = 0; connection.streams.length > 0 && waitedMs < relaying.retireAfterMs; waitedMs += relaying.retireLookMs)
        await clock.sleep(relaying.retireLookMs, this.#stopped.signal);
      await connection.close();
    } catch {
      // Stopped, or gone already.
    }
  }
}
