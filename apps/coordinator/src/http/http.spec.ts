import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SetupService } from '../setup/setup.service.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';

describe('http', () => {
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(() => coordinator.close());
  afterEach(() => void jest.restoreAllMocks());

  const send = async (payload: string, contentType = 'application/json') => {
    const headers = { 'content-type': contentType };
    const answer = await coordinator.app.inject({ method: 'POST', url: '/api/v1/session', payload, headers });
    return { status: answer.statusCode, code: answer.json<{ code: string }>().code };
  };

  it('answers health', async () => {
    expect((await coordinator.anyone.get('//healthz')).body).toEqual({ status: 'ok' });
    expect((await coordinator.anyone.get('//readyz')).body).toEqual({ status: 'ok' });
  });

  it.each([
    ['GET', '/nothing'],
    ['POST', '/nothing'],
    ['DELETE', '/setup'],
  ] as const)('answers %s %s with a 404 problem', async (method, path) => {
    const answer = await coordinator.anyone.call(method, path);
    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'route_not_found', type: 'urn:holdfast:problem:route_not_found', status: 404 },
    });
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('says where a body is wrong, issue by issue', async () => {
    const answer = await coordinator.anyone.post('/session', { email: 7, password: 'x', extra: true });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
    expect(answer.body.errors).toEqual([
      { path: 'email', message: expect.any(String) },
      { path: '', message: expect.stringContaining('extra') },
    ]);
  });

  it.each([
    ['no body at all', undefined],
    ['null', null],
    ['a list', []],
  ])('refuses %s', async (_, body) => {
    expect(await coordinator.anyone.post('/session', body)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  it.each([
    ['{"email":', 400, 'body_not_json'],
    ['{"__proto__":{"role":"owner"},"email":"a","password":"b"}', 400, 'body_not_json'],
    [JSON.stringify({ email: 'x'.repeat(1_100_000), password: '' }), 413, 'body_too_large'],
  ])('refuses the body %.20s…', async (payload, status, code) => {
    const answer = await send(payload);
    expect(answer).toEqual({ status, code });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'refuses %s, which a form of another site can send',
    async (type) => {
      const answer = await send('email=a&password=b', type);
      expect(answer).toEqual({ status: 415, code: 'media_type_unsupported' });
    },
  );

  it('refuses an address that is not decodable', async () => {
    expect(await coordinator.anyone.get('//%E0%A4%A')).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  it('leaks nothing of an unexpected error but the request id', async () => {
    jest.spyOn(coordinator.get(SetupService), 'isNeeded').mockRejectedValue(new Error('SQLITE_CORRUPT at /srv/secret/path'));
    const answer = await coordinator.anyone.get('/setup');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(answer.text).not.toContain('secret');
    expect(answer.body.requestId).toBe(answer.headers['x-request-id']);
  });

  it('takes a harmless request id and replaces any other', async () => {
    expect((await coordinator.anyone.with({ 'x-request-id': 'trace-12345678' }).get('//healthz')).headers['x-request-id']).toBe(
      'trace-12345678',
    );
    expect((await coordinator.anyone.with({ 'x-request-id': 'bad id"{}' }).get('//healthz')).headers['x-request-id']).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });

  it('sends strict security headers with everything', async () => {
    for (const path of ['//healthz', '/nothing', '//']) {
      const { headers } = await coordinator.anyone.get(path);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['strict-transport-security']).toBeUndefined();
    }
    expect((await coordinator.anyone.get('/setup')).headers['cache-control']).toBe('no-store');
  });
});
