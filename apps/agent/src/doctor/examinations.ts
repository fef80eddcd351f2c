import { access, constants, stat } from 'node:fs/promises';
import { nodeCryptoReady } from '#libs/crypto/node';
import { isAppError, messageOf, systemClock } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { certificatePin } from '../coordinator-client/certificate-pin.ts';
import { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { diskRoom, roomForOthers } from '../heartbeat/disk-room.ts';
import { agentDocument, policyState } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { JsonFile } from '../home/json-file.ts';
import { proofOf, readIdentity } from '../identity/device-identity.ts';
import { formatBytes, formatTime } from '../output/format.ts';
import { backupFolders } from '../policy/backup-folders.ts';
import { defaultPolicy, type Policy } from '#libs/contracts';
import { activeSchedule } from '../schedule/active-schedule.ts';
import { examineFolders } from './examine-folders.ts';
import { examineRules } from './examine-rules.ts';

/** One thing that was looked at. */
export interface Diagnosis {
  readonly severity: 'ok' | 'warning' | 'error';
  readonly code: string;
  readonly message: string;
  readonly nextStep?: string;
}

export interface Patient {
  readonly paths: AgentPaths;
  /** Answer of a running daemon's `status`. */
  readonly status: Record<string, unknown> | undefined;
  readonly signal: AbortSignal;
}

type Examination = (patient: Patient) => Promise<Diagnosis[]>;

const ok = (code: string, message: string): Diagnosis => ({ severity: 'ok', code, message });
const warning = (code: string, message: string, nextStep: string): Diagnosis => ({ severity: 'warning', code, message, nextStep });
const wrong = (code: string, message: string, nextStep: string): Diagnosis => ({ severity: 'error', code, message, nextStep });

const documentOf = (paths: AgentPaths) => new JsonFile(nodeFiles, paths.agent, agentDocument).read();
const policyOf = async (paths: AgentPaths): Promise<Policy> =>
  (await new JsonFile(nodeFiles, paths.policy, policyState).read())?.policy.effective ?? defaultPolicy;

const enrolment: Examination = async ({ paths }) => {
  try {
    const document = await documentOf(paths);
    if (!document)
      return [
        wrong(
          'not_enrolled',
          `this machine has not joined a team (looked in ${paths.home})`,
          'Get a join link from the admin panel and run "holdfast join LINK".',
        ),
      ];
    return [ok('enrolled', `enrolled as ${document.name}, data in ${paths.home}`)];
  } catch (error) {
    return [wrong('home_corrupt', messageOf(error), isAppError(error) ? (error.nextStep ?? '') : '')];
  }
};

const permissions: Examination = async ({ paths }) => {
  const found: Diagnosis[] = [];
  for (const path of [paths.home, paths.identitySeed, paths.vaultKey]) {
    const facts = await stat(path).catch(() => undefined);
    if (!facts) continue;
    if (process.platform !== 'win32' && (facts.mode & 0o077) !== 0) {
      found.push(
        wrong(
          'permissions_open',
          `${path} can be read by other users of this machine`,
          `Run: chmod ${facts.isDirectory() ? '700' : '600'} "${path}"`,
        ),
      );
    }
    if (
      await access(path, constants.R_OK | constants.W_OK).then(
        () => false,
        () => true,
      )
    ) {
      found.push(
        wrong('access_denied', `${path} can't be read and written by this user`, 'Run as the user that joined, or give it back its owner.'),
      );
    }
  }
  return found.length > 0 ? found : [ok('permissions', 'keys and data belong to this user alone')];
};

const daemonRuns: Examination = async ({ status }) => {
  if (!status)
    return [
      warning(
        'daemon_not_running',
        "the daemon does not run: nothing is scheduled, and colleagues can't fetch this machine's packs",
        'Start its service, or "holdfast daemon" (see config/service).',
      ),
    ];
  const connections = status['connections'] as unknown[];
  const addresses = status['addresses'] as string[];
  return [
    ok('daemon', 'the daemon runs'),
    addresses.length > 0
      ? ok('listening', `colleagues reach it at ${addresses.slice(0, 3).join(', ')}`)
      : wrong('not_listening', 'the daemon listens nowhere', 'Look at its log; another --listen address may help.'),
    connections.length > 0
      ? ok('connections', `connected to ${connections.length} of the team`)
      : warning(
          'no_connections',
          'connected to nobody of the team',
          'Is anybody else online? A firewall may keep the listening port closed.',
        ),
  ];
};

/** What the running daemon heard of it: the coordinator knows what the whole team keeps. */
const coordinatorBundle: Examination = async ({ status }) => {
  const bundle = (
    status?.['coordinator'] as { bundle?: { keptMadeAtMs: number | null; safeSinceMs: number | null; worrying: boolean } } | undefined
  )?.bundle;
  if (!bundle) return [];
  const { keptMadeAtMs, safeSinceMs, worrying } = bundle;
  if (worrying)
    return [
      warning(
        'bundle_old',
        safeSinceMs === null
          ? 'too few machines keep what a new coordinator would need if its disk were lost'
          : `what a new coordinator would need was last left with enough machines on ${formatTime(safeSinceMs)}`,
        'Switch on more machines, best an anchor; the overview in the admin panel says more.',
      ),
    ];
  return keptMadeAtMs === null ? [] : [ok('bundle', `keeps what a new coordinator would need, of ${formatTime(keptMadeAtMs)}`)];
};

/** Signatures, schedules and retention tolerate this much. */
const toleratedSkewMs = 60_000;

const coordinatorAnswers: Examination = async ({ paths, signal }) => {
  const document = await documentOf(paths).catch(() => undefined);
  if (!document) return [];
  await nodeCryptoReady();
  const identity = await readIdentity(nodeFiles, paths.identitySeed).catch(() => undefined);
  if (!identity)
    return [
      wrong(
        'identity_missing',
        "the device's identity can't be read",
        'Put identity.key back from a copy, or join again in an empty folder.',
      ),
    ];
  const client = new CoordinatorClient({
    url: document.coordinatorUrl,
    check: certificatePin(document.certificatePin),
    deviceId: document.deviceId,
    signChallenge: (nonce) => proofOf(identity, 'token', nonce),
    clock: systemClock,
  });
  try {
    const sentAtMs = Date.now();
    const { value, serverTimeMs } = await client.timed((c, s) => c.policy(s), AbortSignal.any([signal, AbortSignal.timeout(15_000)]));
    const found = [ok('coordinator', `the coordinator ${document.coordinatorUrl} answers and knows this device (policy ${value.version})`)];
    if (serverTimeMs === undefined) return found;
    // The Date header counts whole seconds.
    const skewMs = serverTimeMs + 500 - (sentAtMs + Date.now()) / 2;
    found.push(
      Math.abs(skewMs) > toleratedSkewMs
        ? wrong(
            'clock_skew',
            `this machine's clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} the coordinator's`,
            "Turn on network time (NTP) here, or put the coordinator's clock right.",
          )
        : ok('clock', "the clock agrees with the coordinator's"),
    );
    return found;
  } catch (error) {
    signal.throwIfAborted();
    const code = isAppError(error) ? error.code : 'internal';
    return [wrong(code, messageOf(error), isAppError(error) ? (error.nextStep ?? '') : '')];
  } finally {
    client.close();
  }
};

const disk: Examination = async ({ paths }) => {
  const { pledge } = await policyOf(paths);
  const room = await diskRoom(paths.home);
  const found: Diagnosis[] = [];
  const left = roomForOthers(room, 0, { ...pledge, maxBytes: null }).bytes;
  if (room.freeBytes < 1024 ** 3)
    found.push(
      wrong(
        'disk_nearly_full',
        `only ${formatBytes(room.freeBytes)} are free for this machine's own packs`,
        'Free disk space, or move the data folder.',
      ),
    );
  else found.push(ok('disk', `${formatBytes(room.freeBytes)} free`));
  if (left === 0)
    found.push(
      warning(
        'reserve_reached',
        `the reserve of the disk (${formatBytes(Math.max(pledge.reserveBytes, (room.totalBytes * pledge.reservePercent) / 100))}) is reached: nothing more is held for others`,
        'Free disk space, or lower the reserve in the policy.',
      ),
    );
  return found;
};

const schedule: Examination = async ({ paths }) => {
  const document = await documentOf(paths).catch(() => undefined);
  if (!document) return [];
  const policy = await policyOf(paths);
  const folders = backupFolders(policy.folders, document.folders);
  const found = [...(await examineFolders(folders, paths.home)), ...(await examineRules(paths.backupRules))];
  try {
    const next = activeSchedule(policy.schedule, 0).fires.next(Date.now());
    found.push(
      next === undefined
        ? wrong('schedule_never', `the schedule "${policy.schedule.cron}" never fires`, 'Correct it in the policy.')
        : ok(
            'schedule',
            `next backup ${new Date(next).toISOString()} ("${policy.schedule.cron}", ${policy.schedule.timeZone}), up to ${policy.schedule.jitterSeconds} s later`,
          ),
    );
  } catch (error) {
    found.push(wrong('schedule_invalid', messageOf(error), 'Correct it in the policy.'));
  }
  return found;
};

export const examinations: readonly Examination[] = [
  enrolment,
  permissions,
  daemonRuns,
  coordinatorAnswers,
  coordinatorBundle,
  disk,
  schedule,
];
