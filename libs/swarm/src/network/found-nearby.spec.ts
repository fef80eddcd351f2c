import { beforeAll, describe, expect, it } from '@jest/globals';
import type { PeerInfo } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { cryptoReady } from '#libs/crypto';
import { Membership } from '../membership/membership.ts';
import { aDevice, aMember, aRoster, type TestDevice } from '../testing/builders.ts';
import { FoundNearby } from './found-nearby.ts';

let member: TestDevice;
let stranger: TestDevice;
beforeAll(async () => {
  await cryptoReady();
  [member, stranger] = [aDevice(1), aDevice(2)];
});

describe('what multicast DNS found', () => {
  const found = (): FoundNearby => {
    const membership = new Membership();
    membership.replace(aRoster(1, [aMember(member)]));
    return new FoundNearby(membership);
  };
  const info = (peerId: string, ...addresses: string[]): PeerInfo => ({
    id: peerIdFromString(peerId),
    multiaddrs: addresses.map((address) => multiaddr(address)),
  });
  const shown = (nearby: FoundNearby, peerId: string): string[] => nearby.of(peerId).map(String);

  it('is where members are, by their peer ids; what was heard last counts', () => {
    const nearby = found();
    const { peerId } = member;
    expect(shown(nearby, peerId)).toEqual([]);
    nearby.note(info(peerId, '/ip4/192.168.1.2/tcp/4001'));
    nearby.note(info(peerId, '/ip4/192.168.1.3/tcp/4001', `/ip4/10.0.0.3/tcp/4001/p2p/${peerId}`));
    expect(shown(nearby, peerId)).toEqual([`/ip4/192.168.1.3/tcp/4001/p2p/${peerId}`, `/ip4/10.0.0.3/tcp/4001/p2p/${peerId}`]);
    expect(nearby.count).toBe(1);
  });

  it('is nothing of strangers, and not much of anybody', () => {
    const nearby = found();
    nearby.note(info(stranger.peerId, '/ip4/192.168.1.2/tcp/4001'));
    expect(shown(nearby, stranger.peerId)).toEqual([]);
    expect(nearby.count).toBe(0);
    nearby.note(info(member.peerId, ...Array.from({ length: 200 }, (_, n) => `/ip4/10.0.0.${n}/tcp/1`)));
    expect(shown(nearby, member.peerId)).toHaveLength(8);
  });

  it('claims of another peer lead to the one that was named, or nowhere', () => {
    const nearby = found();
    nearby.note(info(member.peerId, `/ip4/192.168.1.2/tcp/4001/p2p/${stranger.peerId}`));
    for (const address of shown(nearby, member.peerId)) expect(address.endsWith(`/p2p/${member.peerId}`)).toBe(true);
  });
});
