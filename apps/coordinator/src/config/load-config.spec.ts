import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { configEnvironments, dataFolder, loadConfig } from './load-config.ts';
import { durabilitySettings } from './durability-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const yaml = (text: string): string => {
  const file = join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, text);
  return file;
};

describe('configuration', () => {
  it.each(configEnvironments)('is whole for %s', (environment) => {
    expect(loadConfig({ environment, env: {} }).listen.host).toBe(environment === 'production' ? '0.0.0.0' : '127.0.0.1');
  });

  it('lets states change within seconds in the demo', () => {
    expect(durabilitySettings(loadConfig({ environment: 'demo', env: {} })).silence.workstation.missingAfterMs).toBeLessThan(15_000);
  });

  it.each([
    ['listen:\n  hots: 0.0.0.0', 'hots'],
    ['colour: red', 'colour'],
    ['listen:\n  port: 70000', 'listen.port'],
    ['durability:\n  sweepCron: every night', 'durability.sweepCron'],
    ['database:\n  url: mysql://x', 'database.url'],
    ['- a list', 'keys and values'],
    ['a: [', 'not YAML'],
  ])('refuses %j and names what is wrong', (text, name) => {
    expect(() => loadConfig({ environment: 'test', env: { HOLDFAST_CONFIG: yaml(text) } })).toThrow(name);
  });

  it('refuses an unknown environment and a missing file', () => {
    expect(() => loadConfig({ env: { HOLDFAST_ENV: 'staging' } })).toThrow('staging');
    expect(() => loadConfig({ env: { HOLDFAST_CONFIG: join(folder, 'none.yaml') } })).toThrow('none.yaml');
  });

  it('lays file over environment file, variables over files, options over all', () => {
    const file = yaml('listen:\n  port: 1111\n  host: 10.0.0.1\npublic:\n  host: files.example.org');
    const config = loadConfig({
      environment: 'test',
      env: { HOLDFAST_CONFIG: file, HOLDFAST_LISTEN_PORT: '2222' },
      overrides: { public: { host: 'option.example.org' } },
    });
    expect([config.listen, config.public.host]).toEqual([{ host: '10.0.0.1', port: 2222 }, 'option.example.org']);
  });

  it('takes secrets from a variable or from a file that it names', () => {
    const secret = join(folder, 'token');
    writeFileSync(secret, 'a-token-from-a-file\n');
    expect(loadConfig({ environment: 'test', env: { HOLDFAST_METRICS_TOKEN_FILE: secret } }).metrics.token).toBe('a-token-from-a-file');
    expect(loadConfig({ environment: 'test', env: { HOLDFAST_METRICS_TOKEN: 'a-token-from-here' } }).metrics.token).toBe(
      'a-token-from-here',
    );
  });

  it('replaces a section of another mode as a whole', () => {
    const tls = { mode: 'files', certificateFile: '/c.pem', keyFile: '/k.pem' };
    expect(loadConfig({ environment: 'test', env: {}, overrides: { tls } }).tls).toEqual(tls);
  });

  it('finds the data folder by option, then by XDG', () => {
    const config = loadConfig({ environment: 'test', env: {} });
    expect(dataFolder(config, { XDG_DATA_HOME: '/x' })).toBe('/x/holdfast-coordinator');
    expect(dataFolder({ ...config, dataDir: '/d' }, { XDG_DATA_HOME: '/x' })).toBe('/d');
  });
});
