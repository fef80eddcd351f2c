import { BlockList, isIP } from 'node:net';
import type { Multiaddr } from '@multiformats/multiaddr';

/**
 * The way between two devices, as far as limits care: `lan` stays on the local network, `relay` runs through the
 * coordinator's relay, `direct` is everything else.
 */
export type Link = 'lan' | 'direct' | 'relay';

/** Addresses that no internet provider carries. Not 100.64.0.0/10: behind it are providers' NATs and overlay networks. */
const localNetworks = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8], // RFC 1918
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16], // link-local, RFC 3927
  ['127.0.0.0', 8],
] as const)
  localNetworks.addSubnet(network, prefix, 'ipv4');
localNetworks.addSubnet('fc00::', 7, 'ipv6'); // unique local, RFC 4193
localNetworks.addSubnet('fe80::', 10, 'ipv6'); // link-local, RFC 4291
localNetworks.addAddress('::1', 'ipv6');

/**
 * By the remote IP address of an open connection that runs through no relay; IPv4 written as IPv6 counts as what it is, a
 * zone (`fe80::1%eth0`) is passed over. What is no IP address is `direct`: the general limit is the safe one.
 */
export function linkOfIp(address: string | undefined): Exclude<Link, 'relay'> {
  const ip = address?.split('%')[0] ?? '';
  const version = isIP(ip);
  return version !== 0 && localNetworks.check(ip, version === 4 ? 'ipv4' : 'ipv6') ? 'lan' : 'direct';
}

/** By the remote address of a libp2p connection. One dialled by name is `direct`, wherever the name leads. */
export function linkOfMultiaddr(address: Multiaddr): Link {
  // First: a relayed address begins with the relay's own, which may well be on the local network.
  if (isRelayed(address)) return 'relay';
  return linkOfIp(address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value);
}

/** True for an address that leads through a relay. */
export const isRelayed = (address: Multiaddr): boolean => address.toString().includes('/p2p-circuit');
