import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateSha256 } from '#libs/crypto/node';
import { systemClock } from '#libs/kernel';
import { loadConfig } from '../config/load-config.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { ServerFacts } from '../http/server-facts.ts';
import { tlsIdentity } from './tls-identity.ts';

describe('TLS identity', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(async () => {
    await coordinator.close();
    rmSync(dataDir, { recursive: true });
  });

  it('is made once and kept, readable by its owner only', async () => {
    const config = loadConfig({ environment: 'test', env: {}, overrides: { dataDir, public: { host: 'backup.example.org' } } });
    const first = await tlsIdentity(config, systemClock);
    expect(await tlsIdentity(config, systemClock)).toEqual(first);
    expect(statSync(join(dataDir, 'tls.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(join(coordinator.config.dataDir!, 'coordinator.key')).mode & 0o777).toBe(0o600);
  });

  it('takes configured files', async () => {
    const pem = readFileSync(join(dataDir, 'tls.pem'), 'utf8');
    const [keyFile, certificateFile] = [join(dataDir, 'k.pem'), join(dataDir, 'c.pem')];
    const at = pem.indexOf('-----BEGIN CERTIFICATE');
    writeFileSync(keyFile, pem.slice(0, at));
    writeFileSync(certificateFile, pem.slice(at));
    const config = loadConfig({ environment: 'test', env: {}, overrides: { tls: { mode: 'files', keyFile, certificateFile } } });
    expect((await tlsIdentity(config, systemClock)).derSha256).toEqual(certificateSha256(pem.slice(at)));
  });

  it('refuses a damaged or missing file by a clear message', async () => {
    const config = (over: Record<string, unknown>) => loadConfig({ environment: 'test', env: {}, overrides: { dataDir, ...over } });
    await expect(tlsIdentity(config({ tls: { mode: 'files', keyFile: '/none', certificateFile: '/none' } }), systemClock)).rejects.toThrow(
      '/none',
    );
    writeFileSync(join(dataDir, 'tls.pem'), 'nothing');
    await expect(tlsIdentity(config({}), systemClock)).rejects.toThrow('damaged');
  });

  it('is what the server shows, on TLS 1.3 only', async () => {
    const { port } = new URL(await coordinator.listen());
    const shown = await new Promise<{ raw: Buffer; protocol: string | null }>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
        resolve({ raw: socket.getPeerX509Certificate()!.raw, protocol: socket.getProtocol() });
        socket.end();
      }).on('error', reject);
    });
    expect(shown.protocol).toBe('TLSv1.3');
    expect(certificateSha256(shown.raw)).toEqual(coordinator.get(ServerFacts).tls.derSha256);
    const old = new Promise((resolve) =>
      connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false, maxVersion: 'TLSv1.2' }, () => resolve('connected')).on(
        'error',
        () => resolve('refused'),
      ),
    );
    expect(await old).toBe('refused');
  });
});
