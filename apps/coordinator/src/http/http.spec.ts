import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';

describe('http', () => {
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(() => coordinator.close());

  it('answers health', async () => {
    expect((await coordinator.anyone.get('//healthz')).body).toEqual({ status: 'ok' });
    expect((await coordinator.anyone.get('//readyz')).body).toEqual({ status: 'ok' });
  });

  it('answers 404 as a problem', async () => {
    const answer = await coordinator.anyone.get('/nothing');
    expect(answer).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
  });
});
