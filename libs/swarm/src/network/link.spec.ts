import { describe, expect, it } from '@jest/globals';
import { multiaddr } from '@multiformats/multiaddr';
import { linkOfIp, linkOfMultiaddr } from './link.ts';

const relayId = '12D3KooWA4jRWtBAXvUPSyTiYzYHGeuMnzGzq36sFb7rYbVQY7TA';

describe('the link of a connection', () => {
  it.each([
    ['10.0.0.0', 'lan'],
    ['10.255.255.255', 'lan'],
    ['9.255.255.255', 'direct'],
    ['11.0.0.0', 'direct'],
    ['172.15.255.255', 'direct'],
    ['172.16.0.0', 'lan'],
    ['172.31.255.255', 'lan'],
    ['172.32.0.0', 'direct'],
    ['192.168.0.1', 'lan'],
    ['192.167.255.255', 'direct'],
    ['192.169.0.0', 'direct'],
    ['169.254.7.7', 'lan'],
    ['127.0.0.1', 'lan'],
    ['127.255.255.254', 'lan'],
    // Behind a provider's NAT, or in an overlay network: not the office.
    ['100.64.0.1', 'direct'],
    ['0.0.0.0', 'direct'],
    ['192.0.2.7', 'direct'],
    ['::1', 'lan'],
    ['::', 'direct'],
    ['::2', 'direct'],
    ['fc00::1', 'lan'],
    ['fdff:ffff::1', 'lan'],
    ['fbff::1', 'direct'],
    ['fe00::1', 'direct'],
    ['fe80::1', 'lan'],
    ['fe80::1%eth0', 'lan'],
    ['FEBF::1', 'lan'],
    ['fec0::1', 'direct'],
    ['2001:db8::1', 'direct'],
    ['::ffff:192.168.1.2', 'lan'],
    ['::ffff:c0a8:0102', 'lan'],
    ['0:0:0:0:0:ffff:10.1.2.3', 'lan'],
    ['::ffff:127.0.0.1', 'lan'],
    ['::ffff:8.8.8.8', 'direct'],
    // Not mapped: NAT64 and the old "compatible" form lead elsewhere.
    ['64:ff9b::10.0.0.1', 'direct'],
    ['::10.0.0.1', 'direct'],
    ['', 'direct'],
    ['printer.local', 'direct'],
    ['10.0.0.1.example.org', 'direct'],
    ['10.1', 'direct'],
    ['0x0a.0.0.1', 'direct'],
    [undefined, 'direct'],
  ] as const)('%s is %s', (address, expected) => {
    expect(linkOfIp(address)).toBe(expected);
  });

  it.each([
    ['/ip4/192.168.1.2/tcp/4001', 'lan'],
    ['/ip4/198.51.100.7/tcp/4001', 'direct'],
    ['/ip6/::ffff:10.0.0.1/tcp/4001', 'lan'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/4001', 'lan'],
    ['/ip6/2001:db8::1/tcp/4001', 'direct'],
    ['/dns4/localhost/tcp/4001', 'direct'],
    // The relay's own address says nothing of who is behind it.
    [`/ip4/192.168.1.2/tcp/4001/p2p/${relayId}/p2p-circuit`, 'relay'],
    [`/ip4/198.51.100.7/tcp/4001/p2p/${relayId}/p2p-circuit/p2p/${relayId}`, 'relay'],
  ])('%s is %s', (address, expected) => {
    expect(linkOfMultiaddr(multiaddr(address))).toBe(expected);
  });
});
