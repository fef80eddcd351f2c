import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RosterMember } from '#libs/contracts';
import { deviceDetail } from '#libs/contracts';
import { boxKeyPairFromSecretKey, cryptoReady, peerIdFromSigningKey, signingKeyPairFromSeed } from '#libs/crypto';
import type { DeviceId, PackId, PeerId } from '#libs/kernel';
import { systemRandom, toBase64Url } from '#libs/kernel';
import type { Swarm, SwarmEvent } from '#libs/swarm';
import { startSwarm } from '#libs/swarm';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import type { PackFile } from '../support/pack-files.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

interface Status {
  readonly device: { readonly deviceId: DeviceId; readonly peerId: PeerId };
  readonly addresses: string[];
  readonly connections: { readonly deviceId: DeviceId; readonly name: string }[];
}

/** Somebody with a key of the right kind and a roster of their own making. */
interface Outsider {
  readonly swarm: Swarm;
  readonly events: SwarmEvent[];
  readonly peerId: PeerId;
}

describe('the private swarm of real agents', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  const outsiders: Outsider[] = [];
  let ada: Agent;
  let ben: Agent;
  let packId: PackId;

  const statusOf = async (agent: Agent): Promise<Status> => lastEvent<Status>(await agent.must(['status']));

  /** Starts a node with this seed whose own roster says that it and `target` are members. */
  async function outsider(seed: Uint8Array, deviceId: DeviceId, target: Status): Promise<Outsider> {
    const own = signingKeyPairFromSeed(seed);
    const peerId = peerIdFromSigningKey(own.publicKey);
    const member = (id: DeviceId, peer: PeerId, key: Uint8Array, addresses: string[]): RosterMember => ({
      deviceId: id,
      peerId: peer,
      name: id,
      site: 'office',
      class: 'workstation',
      state: 'active',
      signingKey: toBase64Url(key),
      boxKey: toBase64Url(boxKeyPairFromSecretKey(seed).publicKey),
      addresses,
    });
    const events: SwarmEvent[] = [];
    const swarm = await startSwarm({
      seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      stores: [],
      onEvent: (event) => events.push(event),
      roster: {
        teamId: scene.team.setup.admin.session.team.teamId,
        version: 1,
        issuedAtMs: Date.now(),
        members: [
          member(deviceId, peerId, own.publicKey, []),
          member(target.device.deviceId, target.device.peerId, own.publicKey, target.addresses),
        ],
      },
    });
    const made = { swarm, events, peerId };
    outsiders.push(made);
    return made;
  }

  /** From who dials, a handshake may look fine for the moment until the other side closes the door. */
  const expectCutOff = ({ swarm }: Outsider): Promise<unknown> =>
    until('no connection is left', async () => swarm.connections().length === 0, 60_000, 50);

  /** Everything that an outsider could get of one device; what each try failed with. */
  async function tryEverything({ swarm }: Outsider, target: DeviceId): Promise<unknown[]> {
    const source = swarm.blockSource(target);
    const tries = [
      () => swarm.ping(target),
      () => source.rootBlock(packId),
      async () => {
        for await (const leaf of source.leaves(packId, 0, 1)) return leaf;
        return undefined;
      },
    ];
    const outcomes: unknown[] = [];
    for (const attempt of tries) outcomes.push(await attempt().catch((error: unknown) => error));
    return outcomes;
  }

  beforeAll(async () => {
    await cryptoReady();
    mkdirSync(documents);
    writeFileSync(join(documents, 'plan.raw'), incompressible(2 * 1024 * 1024, 5));
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    await ada.must(['backup', '--wait-protected']);
    [{ packId }] = packFiles(ben.home, 'held') as [PackFile];
  });

  afterAll(async () => {
    await Promise.all(outsiders.map(({ swarm }) => swarm.stop()));
  });

  it('gives a stranger with a valid key no connection and no block', async () => {
    const target = await statusOf(ben);
    const stranger = await outsider(systemRandom.bytes(32), '99999999-9999-4999-8999-999999999999' as DeviceId, target);
    for (const outcome of await tryEverything(stranger, target.device.deviceId)) expect(outcome).toBeInstanceOf(Error);
    await expectCutOff(stranger);
    expect(stranger.events.filter((event) => event.kind === 'served')).toEqual([]);
    await ben.daemon.waitFor(new RegExp(`"a peer outside the roster was refused".*${stranger.peerId}`), 60_000);
    const known = (await scene.team.devices()).map((device) => device.deviceId);
    // The coordinator's node is in the roster too: every device keeps a place at its relay.
    const others = (await statusOf(ben)).connections.filter(({ deviceId }) => !known.includes(deviceId));
    expect(others.filter(({ name }) => name !== 'coordinator')).toEqual([]);
    expect(ben.daemon.output()).not.toContain('"colleague connected","name":"9999');
  });

  it('cuts a revoked device off: from the swarm, and from the coordinator', async () => {
    const { team } = scene;
    const eve = await team.join('eve');
    await until('eve is known to ben', async () => ben.daemon.output().includes('new roster') && (await team.device('eve')).online);
    const { deviceId } = await team.device('eve');
    const target = await statusOf(ben);
    // Her disk is copied: the same key, in a program that does not care what the coordinator says.
    const seed = new Uint8Array(readFileSync(join(eve.home, 'identity.key'))).subarray(0, 32);
    await eve.stop();
    const stolen = await outsider(seed, deviceId, target);
    // While she is a member the copied key gets the block: what follows is due to the revocation and nothing else.
    const root = await until('a member gets blocks', () => stolen.swarm.blockSource(target.device.deviceId).rootBlock(packId));
    expect(root.length).toBeGreaterThan(0);
    // One, or two where Ben heard of the new roster between two ways of being asked.
    expect(stolen.swarm.connections()).not.toEqual([]);

    const revokedAt = performance.now();
    await team.setup.admin.post(`/api/v1/devices/${deviceId}/revoke`, z.unknown());
    await until('the live connection is closed', async () => stolen.swarm.connections().length === 0, 60_000, 50);
    console.log(`cut off ${Math.round(performance.now() - revokedAt)} ms after the revocation`);
    for (const outcome of await tryEverything(stolen, target.device.deviceId)) expect(outcome).toBeInstanceOf(Error);
    await expectCutOff(stolen);

    const { kit, passphrase } = team.recovery;
    const refused = await eve.run([
      'restore',
      '--device',
      'ada',
      '--recovery-kit',
      kit,
      '--passphrase-file',
      passphrase,
      '--to',
      join(scene.folder, 'stolen'),
    ]);
    expect(refused.exitCode).not.toBe(0);
    expect(lastEvent(refused)).toMatchObject({ event: 'error', message: expect.any(String) });
    const detail = await team.setup.admin.get(`/api/v1/devices/${deviceId}`, deviceDetail);
    expect(detail.state).toBe('revoked');
  });
});
