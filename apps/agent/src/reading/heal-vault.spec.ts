import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetiredPacks } from '#libs/engine';
import { nodeFiles } from '#libs/kernel/node';
import { silentLog } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { healVault } from './heal-vault.ts';

let vault: string;
beforeEach(() => void (vault = mkdtempSync(join(tmpdir(), 'holdfast-heal-'))));
afterEach(() => rmSync(vault, { recursive: true, force: true }));

const agentAs = (role: 'daemon' | 'reader'): AgentRuntime =>
  ({ role, files: nodeFiles, paths: { vault }, log: silentLog }) as unknown as AgentRuntime;

describe('a damaged list of packs to be released', () => {
  it('is set aside, so that backups go on, and nobody is asked for the rest of the vault', async () => {
    const path = join(vault, 'retired');
    const list = new RetiredPacks(nodeFiles, path);
    for (const damaged of ['{"v":1,"packs":[', 'null', '{"v":2}']) {
      writeFileSync(path, damaged);
      const failure = await list.read().catch((error: unknown) => error);
      expect(await healVault(agentAs('reader'), failure)).toEqual([]);
      expect(existsSync(path)).toBe(true);
      expect(await healVault(agentAs('daemon'), failure)).toMatchObject([{ what: 'list of packs to be released' }]);
      expect(await list.read()).toEqual([]);
      expect(readFileSync(`${path}.damaged`, 'utf8')).toBe(damaged);
    }
  });
});
