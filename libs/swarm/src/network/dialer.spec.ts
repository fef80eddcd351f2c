import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, Libp2p } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import { cryptoReady } from '#libs/crypto';
import { systemClock } from '#libs/kernel';
import { Membership } from '../membership/membership.ts';
import { aDevice, aMember, aRoster } from '../testing/builders.ts';
import { Dialer } from './dialer.ts';

beforeAll(() => cryptoReady());

describe('a device that moved', () => {
  /** A libp2p that reaches nobody but at one address; what was tried, in turn. */
  const scene = (withRelay: boolean) => {
    const [device, coordinator] = [aDevice(1), aDevice(0)];
    const member = aMember(device, { addresses: ['/ip4/10.0.0.5/tcp/4001'] });
    const membership = new Membership();
    const relay = aMember(coordinator, { class: 'coordinator', addresses: ['/ip4/10.0.0.1/tcp/4001'] });
    membership.replace(aRoster(1, [member, ...(withRelay ? [relay] : [])]));
    const tried: string[] = [];
    let near: Multiaddr[] = [];
    let answers = '';
    const connection = { remotePeer: device.peerId } as unknown as Connection;
    const libp2p = {
      peerId: aDevice(2).peerId,
      getConnections: () => [],
      dial: async (addresses: Multiaddr[]) => {
        tried.push(...addresses.map((address) => String(address).split('/')[2]!));
        if (addresses.some((address) => String(address).startsWith(answers))) return connection;
        throw new Error('nobody there');
      },
    } as unknown as Libp2p;
    const dialer = new Dialer({ libp2p, membership, connectTimeoutMs: 1000, clock: systemClock, nearby: { of: () => near } });
    return {
      tried,
      connection,
      connect: () => dialer.connect(member, AbortSignal.timeout(5000)),
      find: (address: string) => void (near = [multiaddr(`${address}/p2p/${device.peerId}`)]),
      answerAt: (address: string) => void (answers = address),
    };
  };

  it.each([false, true])('is tried where it was found nearby before where the roster says (with a relay: %s)', async (withRelay) => {
    const { tried, connection, connect, find, answerAt } = scene(withRelay);
    find('/ip4/192.168.1.2/tcp/4001');
    answerAt('/ip4/192.168.1.2');
    expect(await connect()).toBe(connection);
    expect(tried).toEqual(['192.168.1.2']);
    // What somebody else says of it on the local network keeps nobody from the roster's.
    answerAt('/ip4/10.0.0.5');
    expect(await connect()).toBe(connection);
    expect(tried).toEqual(['192.168.1.2', '192.168.1.2', '10.0.0.5']);
  });

  it('that did not answer is tried at once when it is found', async () => {
    const { tried, connection, connect, find, answerAt } = scene(true);
    answerAt('/ip4/192.168.1.2');
    await expect(connect()).rejects.toThrow('nobody there');
    tried.splice(0);
    // Avoided for a while: only the relay is asked.
    await expect(connect()).rejects.toThrow('nobody there');
    expect(tried).toEqual(['10.0.0.1']);
    find('/ip4/192.168.1.2/tcp/4001');
    expect(await connect()).toBe(connection);
  });
});
