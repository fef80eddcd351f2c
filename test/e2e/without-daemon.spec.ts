import { describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, lastEvent } from '../support/agent.ts';
import { restoredPath } from '../support/restored-path.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;

describe('a machine without a daemon', () => {
  const scene = teamForTests();
  const notes = join(scene.folder, 'notes');
  const holders: Agent[] = [];

  it('has its backup protected: the command serves its packs until others have them', async () => {
    mkdirSync(notes);
    for (const name of ['ben', 'chloe']) holders.push(await scene.team.join(name));
    const eve = await scene.team.enrol('eve', [notes]);
    for (const sequence of [1, 2]) {
      writeFileSync(join(notes, `note ${sequence}`), incompressible(3 * MiB, sequence));
      const backup = await eve.run(['backup', '--wait-protected', '--timeout', '100']);
      expect(lastEvent(backup)).toMatchObject({ event: 'result', state: 'protected', sequence, packsWaiting: 0 });
    }
  });

  it('restores from colleagues that were started again, as the coordinator was, at other addresses since it last heard of them', async () => {
    const dan = await scene.team.enrol('dan');
    await scene.team.coordinator.process.stop();
    await scene.team.restartCoordinator();
    for (const holder of holders) {
      await holder.kill();
      await holder.daemonReady();
    }
    const to = join(scene.folder, 'restored');
    const { kit, passphrase } = scene.team.recovery;
    await dan.must(['restore', '--device', 'eve', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', to]);
    expect(readFileSync(join(restoredPath(to, notes), 'note 2')).equals(incompressible(3 * MiB, 2))).toBe(true);
  });
});
