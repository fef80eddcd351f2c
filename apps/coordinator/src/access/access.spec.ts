import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Role } from '#libs/contracts';
import { openApiDocument } from '../openapi/openapi.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';

const roles: readonly Role[] = ['owner', 'admin', 'restore-operator', 'auditor'];
type Caller = Role | 'agent' | 'nobody';
const callers: readonly Caller[] = [...roles, 'agent', 'nobody'];

const everyone = [...roles];
/** Who may call what, written down a second time on purpose. A route that is missing here fails the test below. */
const foundation: Record<string, readonly Caller[]> = {
  'GET session': everyone,
  'DELETE session': everyone,
  'GET events': everyone,
  'GET audit-log': ['owner', 'admin', 'auditor'],
  'GET audit-log/verification': ['owner', 'admin', 'auditor'],
  'GET accounts': ['owner', 'admin', 'auditor'],
  'POST accounts': ['owner'],
  'DELETE accounts/{userId}': ['owner'],
  'POST join-links': ['owner', 'admin'],
  'GET join-links': ['owner', 'admin', 'auditor'],
  'DELETE join-links/{joinLinkId}': ['owner', 'admin'],
  'POST devices/{deviceId}/revoke': ['owner', 'admin'],
  'POST agent/heartbeat': ['agent'],
  'GET agent/events': ['agent'],
  'GET agent/roster': ['agent'],
};

/** Open to whoever asks: each has its own credential in the body, or tells nothing. */
const open = [
  'GET //healthz',
  'GET //readyz',
  'GET team',
  'GET setup',
  'POST setup',
  'POST session',
  'POST session/ticket',
  'POST agent/enrol',
  'POST agent/token/challenge',
  'POST agent/token',
];

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

const routesOf = (document: OpenAPIObject): string[] =>
  Object.entries(document.paths).flatMap(([path, operations]) =>
    methods
      .filter((method) => operations[method])
      .map((method) => `${method.toUpperCase()} ${path.startsWith('/api/v1/') ? path.slice('/api/v1/'.length) : `/${path}`}`),
  );

describe('access', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let agent: TestClient;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    agent = (await team.enrol('ada')).client;
  });
  afterAll(() => coordinator.close());

  const clientOf = async (caller: Caller): Promise<TestClient> => {
    if (caller === 'agent') return agent;
    return caller === 'nobody' ? coordinator.anyone : team.people(caller);
  };

  const call = async (caller: Caller, route: string) => {
    const [method, path] = route.split(' ') as ['GET' | 'POST' | 'PUT' | 'DELETE', string];
    const address = path.replaceAll(/\{\w+\}/g, randomUUID());
    return (await clientOf(caller)).call(method, address, method === 'GET' || method === 'DELETE' ? undefined : {});
  };

  const streams = new Set(['GET events', 'GET agent/events']);
  const cells = Object.entries(foundation).flatMap(([route, allowed]) =>
    callers.map((caller) => [route, caller, allowed.includes(caller)] as const),
  );
  // An open stream never ends; its refusals are still checked.
  it.each(cells.filter(([route, , allowed]) => !(allowed && streams.has(route))))('%s as %s: %s', async (route, caller, allowed) => {
    const { status, body } = await call(caller, route);
    const code = (body as { code?: string } | undefined)?.code ?? '';
    const refused = ['not_signed_in', 'role_not_allowed', 'device_token_invalid', 'csrf_token_missing'].includes(code);
    expect({ refused, status: status === 500 ? 500 : 'fine' }).toEqual({ refused: !allowed, status: 'fine' });
  });

  it('lets nobody in without credentials, whatever feature the route belongs to', async () => {
    const routes = routesOf(openApiDocument(coordinator.app));
    expect(routes.length).toBeGreaterThanOrEqual(Object.keys(foundation).length + open.length);
    for (const route of routes.filter((name) => !open.includes(name))) {
      expect({ route, status: (await call('nobody', route)).status }).toEqual({ route, status: 401 });
    }
  });

  it('knows every route it should', () => {
    const routes = routesOf(openApiDocument(coordinator.app));
    expect([...Object.keys(foundation), ...open].filter((route) => !routes.includes(route))).toEqual([]);
  });

  it('lets no device into a route of people, nor a person into a route of devices', async () => {
    const routes = routesOf(openApiDocument(coordinator.app)).filter((name) => !open.includes(name));
    for (const route of routes) {
      const wrong = route.includes(' agent/') ? 'owner' : 'agent';
      expect({ route, status: (await call(wrong, route)).status }).toEqual({ route, status: 401 });
    }
  });

  it('needs the CSRF header on every change by people', async () => {
    const owner = (await team.people('owner')).with({ 'x-holdfast-csrf': '' });
    const routes = routesOf(openApiDocument(coordinator.app)).filter(
      (route) => !open.includes(route) && !route.startsWith('GET') && !route.includes(' agent/'),
    );
    for (const route of routes) {
      const [method, path] = route.split(' ') as ['POST', string];
      const answer = await owner.call(method, path.replaceAll(/\{\w+\}/g, randomUUID()), {});
      expect({ route, code: answer.body.code }).toEqual({ route, code: 'csrf_token_missing' });
    }
  });
});
