import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { foundTeam } from '../testing/test-team.ts';

describe('setup', () => {
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(() => coordinator.close());

  it('goes', async () => {
    const team = await foundTeam(coordinator);
    const a = await team.enrol('ada');
    await a.beat();
    console.log(JSON.parse(Buffer.from((await a.fresh().get('/agent/roster')).body.payload, 'base64url').toString()));
    const owner = await team.people('owner');
    console.log((await owner.get('/audit-log')).text);
    console.log(await (await owner.post('/devices/' + a.deviceId + '/revoke')).status);
    console.log((await a.fresh().get('/agent/roster')).body);
  });
});
