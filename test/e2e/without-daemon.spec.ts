import { describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastEvent } from '../support/agent.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;

describe('a machine without a daemon', () => {
  const scene = teamForTests();

  it('has its backup protected: the command serves its packs until others have them', async () => {
    const notes = join(scene.folder, 'notes');
    mkdirSync(notes);
    await scene.team.join('ben');
    await scene.team.join('chloe');
    const eve = await scene.team.enrol('eve', [notes]);
    for (const sequence of [1, 2]) {
      writeFileSync(join(notes, `note ${sequence}`), incompressible(3 * MiB, sequence));
      const backup = await eve.run(['backup', '--wait-protected', '--timeout', '100']);
      expect(lastEvent(backup)).toMatchObject({ event: 'result', state: 'protected', sequence, packsWaiting: 0 });
    }
  });
});
