import type { TLSSocket } from 'node:tls';

export interface LiveSocket {
  readonly peerId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly address: string;
}

/** Every open connection of the fast lane whose other side has proved who it is, both ways: what a revocation closes. */
export class LiveSockets {
  readonly #live = new Map<TLSSocket, LiveSocket>();

  add(socket: TLSSocket, about: LiveSocket): void {
    this.#live.set(socket, about);
    socket.once('close', () => this.#live.delete(socket));
  }

  get size(): number {
    return this.#live.size;
  }

  countOf(peerId: string, direction: LiveSocket['direction']): number {
    let count = 0;
    for (const about of this.#live.values()) if (about.peerId === peerId && about.direction === direction) count += 1;
    return count;
  }

  /** One a device and direction, however many sockets there are. */
  list(): LiveSocket[] {
    const seen = new Map<string, LiveSocket>();
    for (const about of this.#live.values()) seen.set(`${about.direction} ${about.peerId}`, about);
    return [...seen.values()];
  }

  /** Closes at once those whose other side is not (or no longer) allowed. */
  closeUnless(isAllowed: (peerId: string) => boolean): void {
    for (const [socket, { peerId }] of this.#live) if (!isAllowed(peerId)) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#live.keys()) socket.destroy();
  }
}
