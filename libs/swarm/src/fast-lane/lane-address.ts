import { multiaddr } from '@multiformats/multiaddr';

/** Where a device's fast lane listens. In the roster: `/ip4/192.0.2.7/tcp/4002/tls/http/p2p/<peer id>`. */
export interface LaneAddress {
  /** An IP address, or a name for the system's resolver. */
  readonly host: string;
  readonly port: number;
}

const hostKinds = ['ip4', 'ip6', 'dns', 'dns4', 'dns6'];

/** Undefined for any other kind of address. */
export function parseLaneAddress(text: string): LaneAddress | undefined {
  try {
    const [host, tcp, tls, http, ...rest] = multiaddr(text).getComponents();
    if (tcp?.name !== 'tcp' || tls?.name !== 'tls' || http?.name !== 'http' || !hostKinds.includes(host?.name ?? '')) return undefined;
    if (rest.length > 1 || (rest.length === 1 && rest[0]!.name !== 'p2p')) return undefined;
    return host?.value === undefined ? undefined : { host: host.value, port: Number(tcp.value) };
  } catch {
    return undefined;
  }
}

export function formatLaneAddress({ host, port }: LaneAddress, peerId: string): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}/tls/http/p2p/${peerId}`;
}

/** Host of an address that libp2p listens at (`/ip4/192.0.2.7/tcp/4001/…`), or undefined for a relayed or named one. */
export function ipOf(address: string): string | undefined {
  const [, kind, host, transport] = address.split('/');
  return (kind === 'ip4' || kind === 'ip6') && transport === 'tcp' && !address.includes('/p2p-circuit') ? host : undefined;
}
