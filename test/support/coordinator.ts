import { join } from 'node:path';
import { z } from 'zod';
import { createJoinLink, joinLink, setupInfo } from '#libs/contracts';
import type { PassphraseCost, TeamKeys } from '#libs/crypto';
import { createTeam, cryptoReady } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { AdminClient } from './admin-client.ts';
import type { StartedProcess } from './processes.ts';
import { freePort, programs, start } from './processes.ts';

export interface Coordinator {
  readonly process: StartedProcess;
  readonly url: string;
  readonly port: number;
  readonly home: string;
}

/** Starts a coordinator in `home` and waits until it answers. */
export async function startCoordinator(options: {
  home: string;
  port?: number;
  environment?: string;
  env?: Record<string, string>;
}): Promise<Coordinator> {
  const port = options.port ?? (await freePort());
  const started = start(programs.coordinator, ['serve'], {
    env: {
      HOLDFAST_ENV: options.environment ?? 'demo',
      HOLDFAST_COORDINATOR_HOME: options.home,
      HOLDFAST_LISTEN_HOST: '127.0.0.1',
      HOLDFAST_LISTEN_PORT: String(port),
      ...options.env,
    },
    logFile: join(options.home, '..', 'coordinator.log'),
  });
  const url = `https://127.0.0.1:${port}`;
  const probe = new AdminClient(url);
  for (let waited = 0; ; waited += 100) {
    const reply = await probe.exchange('GET', '/readyz').catch(() => undefined);
    if (reply?.status === 200) break;
    const ended = await Promise.race([started.ended, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100))]);
    if (ended !== undefined) throw new Error(`the coordinator ended with ${ended}:\n${started.output()}`);
    if (waited > 60_000) throw new Error(`the coordinator was not ready within 60 s:\n${started.output()}`);
  }
  return { process: started, url, port, home: options.home };
}

export interface TeamSetup {
  readonly admin: AdminClient;
  readonly keys: TeamKeys;
  readonly recoveryKit: string;
  readonly kitPassphrase: string;
  readonly account: { readonly email: string; readonly password: string };
}

/** First-run set-up as the panel does it: the team's keys are made here and only their public halves are sent. */
export async function setUpTeam(coordinator: Coordinator, options: { cost?: PassphraseCost } = {}): Promise<TeamSetup> {
  await cryptoReady();
  const [, token] = await coordinator.process.waitFor(/https:\/\/\S+\/setup#([A-Za-z0-9_-]+)/, 30_000);
  const admin = new AdminClient(coordinator.url);
  const info = await admin.get('/api/v1/setup', setupInfo);
  if (!info.coordinatorKey) throw new Error('the coordinator gave no key to certify');
  const kitPassphrase = 'correct horse battery staple';
  const team = await createTeam({
    name: 'Demo team',
    passphrase: kitPassphrase,
    coordinatorKey: fromBase64Url(info.coordinatorKey),
    nowMs: Date.now(),
    ...(options.cost && { cost: options.cost }),
  });
  const account = { email: 'admin@example.org', name: 'Demo admin', password: 'a long enough password' };
  await admin.send('POST', '/api/v1/setup', z.unknown(), { token, account, teamDocument: team.teamDocument, kitConfirmed: true });
  await admin.signIn(account.email, account.password);
  return { admin, keys: team.keys, recoveryKit: team.recoveryKit, kitPassphrase, account };
}

export async function newJoinLink(admin: AdminClient, options: Partial<z.input<typeof createJoinLink>> = {}): Promise<string> {
  const link = await admin.post('/api/v1/join-links', joinLink, createJoinLink.parse(options));
  if (!link.url) throw new Error('the join link came without its address');
  return link.url;
}
