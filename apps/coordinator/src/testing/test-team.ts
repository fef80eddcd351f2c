import type { CreateJoinLink, EnrolResponse, JoinLink, Role, Session } from '#libs/contracts';
import type { BoxKeyPair, SigningKeyPair, TeamKeys } from '#libs/crypto';
import { createTeam, newBoxKeyPair, newSigningKeyPair, parseJoinLink, peerIdFromSigningKey, sign } from '#libs/crypto';
import type { DeviceId, PeerId } from '#libs/kernel';
import { fromBase64Url, systemRandom, toBase64Url, utf8 } from '#libs/kernel';
import { AccountsService } from '../accounts/accounts.service.ts';
import { DeviceTokensService } from '../device-tokens/device-tokens.service.ts';
import { SESSION_COOKIE } from '../http/cookies.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { SetupService } from '../setup/setup.service.ts';
import type { TestClient } from './test-client.ts';
import type { TestCoordinator } from './test-coordinator.ts';

/** A device's keys as an agent would have them. */
export interface TestDevice {
  readonly name: string;
  readonly deviceId: DeviceId;
  readonly peerId: PeerId;
  readonly signing: SigningKeyPair;
  readonly box: BoxKeyPair;
  readonly enrolment: EnrolResponse;
  /** With a bearer token of 15 minutes. */
  readonly client: TestClient;
  /** Sends a heartbeat; 200 expected. */
  beat(over?: Record<string, unknown>): Promise<void>;
  /** A client with a fresh token, after the clock went on. */
  fresh(): TestClient;
}

export interface TestTeam {
  readonly keys: TeamKeys;
  readonly owner: { readonly email: string; readonly password: string };
  /** A signed-in client of that role, CSRF header included. */
  people(role: Role): Promise<TestClient>;
  joinLink(over?: Partial<CreateJoinLink>): Promise<JoinLink & { url: string }>;
  /** A device that joined, over the real API, by a link made for it. */
  enrol(name: string, over?: Partial<CreateJoinLink>): Promise<TestDevice>;
}

/** Cheap on purpose: the recovery kit of a test guards nothing. */
const LOWEST_COST = { memoryKiB: 8, passes: 1 };

/** Sets the coordinator up over its API, as a browser does. */
export async function foundTeam(coordinator: TestCoordinator): Promise<TestTeam> {
  const owner = { email: 'owner@example.org', password: 'correct horse battery' };
  const coordinatorKey = fromBase64Url(coordinator.get(CoordinatorIdentity).publicKey);
  const nowMs = coordinator.clock.nowMs();
  const { keys, teamDocument } = await createTeam({ name: 'Test team', passphrase: 'kit', coordinatorKey, nowMs, cost: LOWEST_COST });
  const link = await coordinator.get(SetupService).link('https://example.org');
  const token = link!.split('#')[1]!;
  const answer = await coordinator.anyone.post<Session>('/setup', {
    token,
    account: { ...owner, name: 'Owner' },
    teamDocument,
    kitConfirmed: true,
  });
  if (answer.status !== 201) throw new Error(`setup failed: ${answer.text}`);
  return teamOf(coordinator, keys, owner);
}

/** The same team on a coordinator that was started again. */
export function teamOf(coordinator: TestCoordinator, keys: TeamKeys, owner: TestTeam['owner']): TestTeam {
  const made = new Map<Role, Promise<string>>();
  const accountOf = async (role: Role): Promise<string> => {
    const accounts = coordinator.get(AccountsService);
    const email = role === 'owner' ? owner.email : `${role}@example.org`;
    const known = await accounts.findByEmail(email);
    if (known) return known.userId;
    const account = await accounts.prepare({ email, name: role, role, password: 'another long password' });
    await accounts.insert(account);
    return account.userId;
  };
  const people = async (role: Role): Promise<TestClient> => {
    if (!made.has(role)) made.set(role, accountOf(role));
    const { secret, csrfToken } = await coordinator.get(SessionsService).open(await made.get(role)!);
    return coordinator.anyone.with({ cookie: `${SESSION_COOKIE}=${secret}`, 'x-holdfast-csrf': csrfToken });
  };
  const joinLink = async (over: Partial<CreateJoinLink> = {}): Promise<JoinLink & { url: string }> => {
    const answer = await (await people('admin')).post<JoinLink & { url: string }>('/join-links', over);
    if (answer.status !== 201) throw new Error(`no join link: ${answer.text}`);
    return answer.body;
  };
  const enrol = async (name: string, over: Partial<CreateJoinLink> = {}): Promise<TestDevice> => {
    const { secret } = parseJoinLink((await joinLink(over)).url);
    const request = enrolBody(name, secret);
    const answer = await coordinator.anyone.post<EnrolResponse>('/agent/enrol', request.body);
    if (answer.status !== 201) throw new Error(`enrolment failed: ${answer.text}`);
    return deviceOf(coordinator, name, request, answer.body);
  };
  return { keys, owner, people, joinLink, enrol };
}

interface EnrolBody {
  readonly body: Record<string, string>;
  readonly signing: SigningKeyPair;
  readonly box: BoxKeyPair;
}

/** What a device sends to join, with keys of its own (or those given). */
export function enrolBody(name: string, secret: string, signing: SigningKeyPair = newSigningKeyPair(systemRandom)): EnrolBody {
  const box = newBoxKeyPair(systemRandom);
  const keys = {
    signingKey: toBase64Url(signing.publicKey),
    boxKey: toBase64Url(box.publicKey),
    peerId: peerIdFromSigningKey(signing.publicKey),
  };
  const proof = toBase64Url(sign('enrol', utf8(secret), signing.secretKey));
  return { body: { secret, name, os: 'linux', agentVersion: '0.1.0', ...keys, proof }, signing, box };
}

function deviceOf(coordinator: TestCoordinator, name: string, { body, signing, box }: EnrolBody, enrolment: EnrolResponse): TestDevice {
  const { deviceId } = enrolment;
  const fresh = (): TestClient => {
    const { token } = coordinator.get(DeviceTokensService).issue(deviceId);
    return coordinator.anyone.with({ authorization: `Bearer ${token}` });
  };
  return {
    name,
    deviceId,
    signing,
    box,
    enrolment,
    fresh,
    peerId: body['peerId'] as PeerId,
    client: fresh(),
    beat: async (over = {}) => {
      const answer = await fresh().post('/agent/heartbeat', { ...aHeartbeat(coordinator), ...over });
      if (answer.status !== 200) throw new Error(`heartbeat refused: ${answer.text}`);
    },
  };
}

/** A heartbeat of a device with room for 100 GB. */
export const aHeartbeat = (coordinator: TestCoordinator): Record<string, unknown> => ({
  addresses: ['/ip4/127.0.0.1/tcp/4001'],
  agentVersion: '0.1.0',
  timeMs: coordinator.clock.nowMs(),
  freeBytes: 200e9,
  availableForPacksBytes: 100e9,
  heldBytes: 0,
  heldPacks: 0,
});
