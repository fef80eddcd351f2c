import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';

describe('panel files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-panel-'));
  const root = join(folder, 'panel');
  let coordinator: TestCoordinator;
  beforeAll(async () => {
    mkdirSync(join(root, 'assets'), { recursive: true });
    writeFileSync(join(root, 'index.html'), '<!doctype html><title>panel</title>');
    writeFileSync(join(root, 'assets', 'main-1a2b.js'), 'export {}');
    writeFileSync(join(root, '.env'), 'SECRET=1');
    writeFileSync(join(folder, 'outside.txt'), 'outside');
    writeFileSync(join(root, 'odd name ü.txt'), 'odd');
    symlinkSync(join(folder, 'outside.txt'), join(root, 'assets', 'inside.txt'));
    coordinator = await startTestCoordinator({ config: { panel: { directory: root } } });
  });
  afterAll(async () => {
    await coordinator.close();
    rmSync(folder, { recursive: true });
  });

  it.each(['//', '//devices', '//setup?x=1', '//devices/7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e'])(
    'serves the page at %s, never from a cache',
    async (path) => {
      const answer = await coordinator.anyone.get(path);
      expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('<title>panel') });
      expect(answer.headers['content-type']).toContain('text/html');
      expect(answer.headers['cache-control']).toContain('max-age=0');
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    },
  );

  it('serves files with their type; those with a hash in their name for ever', async () => {
    const answer = await coordinator.anyone.get('//assets/main-1a2b.js');
    expect(answer).toMatchObject({ status: 200, text: 'export {}' });
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['cache-control']).toContain('immutable');
    expect((await coordinator.anyone.get('//odd%20name%20%C3%BC.txt')).text).toBe('odd');
  });

  it.each([
    '//assets/gone.js',
    '//favicon.ico',
    '//.env',
    '//../outside.txt',
    '//..%2foutside.txt',
    '//%2e%2e/outside.txt',
    '//assets/..%2f..%2foutside.txt',
    '//index.html%00.js',
    '//api/nothing',
    '//metrics/x',
  ])('answers %s with 404 and not with the page', async (path) => {
    const answer = await coordinator.anyone.get(path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.text).not.toMatch(/outside$|SECRET|<title>/);
  });

  it('says so when the panel is not built', async () => {
    const bare = await startTestCoordinator({ config: { panel: { directory: join(folder, 'none') } } });
    try {
      expect(await bare.anyone.get('//')).toMatchObject({ status: 404, text: expect.stringContaining('npm run build') });
    } finally {
      await bare.close();
    }
  });
});
