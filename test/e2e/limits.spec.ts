import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentPlatform } from '#libs/engine';
import { lastEvent } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { writeSample } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const scene = teamForTests({ replicas: 1 });
const none = { uploadBytesPerSecond: null, downloadBytesPerSecond: null };
const next = { uploadBytesPerSecond: 1, downloadBytesPerSecond: 1 };

it('a limit of the local network holds between real devices, and lifting it sets free what waits', async () => {
  const documents = join(scene.folder, 'documents');
  writeSample(currentPlatform(), documents, { smallFiles: 20, largeFileBytes: 4 * 1024 * 1024 });
  await scene.team.changeTeamPolicy((policy) => ({ ...policy, limits: { ...none, lan: next } }));
  const ada = await scene.team.join('ada', [documents]);
  await scene.team.join('ben');
  await until('ada has the policy', () => Promise.resolve(policyOf(ada.home).includes('"lan"')), 60_000);
  const stateOf = async (): Promise<string> => lastEvent<{ state: string }>(await ada.must(['status'])).state;

  await ada.must(['backup']);
  // A byte a second: it could not be there for weeks.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await stateOf()).toBe('captured');

  // Now the general limit is the narrow one, which the local network no longer shares.
  await scene.team.changeTeamPolicy((policy) => ({ ...policy, limits: { ...next, lan: none } }));
  await until('ada is protected', async () => (await stateOf()) === 'protected', 120_000);
});

function policyOf(home: string): string {
  try {
    return readFileSync(join(home, 'policy.json'), 'utf8');
  } catch {
    return '';
  }
}
