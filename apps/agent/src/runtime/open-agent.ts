import { createHash } from 'node:crypto';
import { openTeamDocument } from '#libs/crypto';
import { nodeCryptoReady } from '#libs/crypto/node';
import { type DeviceId, fromBase64Url, isAppError, systemClock, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { FilePackStore, HeldPackStore, type SwarmOptions } from '#libs/swarm';
import { backupResources } from '../backup/backup-resources.ts';
import { BackupRunner } from '../backup/backup-runner.ts';
import { deliveredState, VaultReporter } from '../backup/vault-reporter.ts';
import { BundleKeeper } from '../coordinator-bundle/bundle-keeper.ts';
import { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { certificatePin } from '../coordinator-client/certificate-pin.ts';
import { AgentError } from '../errors.ts';
import { OwnFolders } from '../folders/own-folders.ts';
import { agentDocument, type AgentDocument, policyState, rosterState, teamState } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { JsonFile } from '../home/json-file.ts';
import { proofOf, readIdentity } from '../identity/device-identity.ts';
import { askForRoster } from '../roster/ask-for-roster.ts';
import { type AgentLog, errorFields, silentLog } from '../log/agent-log.ts';
import { Manners, pauseState } from '../manners/manners.ts';
import { HolderSources } from '../network/holder-sources.ts';
import { PackLocator } from '../network/pack-locator.ts';
import { SwarmAccess } from '../network/swarm-access.ts';
import { deliver } from '../outbox/deliver.ts';
import { Outbox } from '../outbox/outbox.ts';
import { PolicyKeeper } from '../policy/policy-keeper.ts';
import { Protection, protectionState } from '../protection/protection.ts';
import { MemoryNote, memoryState } from '../rebuild/memory-note.ts';
import { DoubtedCopies, doubtedCopiesState } from '../receipts/doubted-copies.ts';
import { ReceiptBook } from '../receipts/receipt-book.ts';
import { healVault } from '../reading/heal-vault.ts';
import { openReleases } from '../releases/open-releases.ts';
import { RosterKeeper } from '../roster/roster-keeper.ts';
import { RunHistory, runsState } from '../runs/run-history.ts';
import { DamagedCopies, damagedCopiesState } from '../scrub/damaged-copies.ts';
import type { AgentRole, AgentRuntime } from './agent-runtime.ts';
import { ownStoreName } from './own-store-name.ts';
import { VaultAccess } from './vault-access.ts';

export interface OpenAgentOptions {
  readonly role: AgentRole;
  readonly log?: AgentLog;
  /** How the daemon takes part in the swarm; a command only dials. */
  readonly network?: Pick<SwarmOptions, 'listen' | 'announce' | 'mdns' | 'documents' | 'mayGiveOut' | 'rates' | 'onEvent'>;
}

/** The daemon keeps its vault open this long after the last use. */
const daemonLingerMs = 60_000;

/** `agent.json`, or `not_enrolled`. */
async function readAgentDocument(paths: AgentPaths): Promise<AgentDocument> {
  const document = await new JsonFile(nodeFiles, paths.agent, agentDocument).read();
  if (document) return document;
  throw new AgentError('not_enrolled', 'this machine has not joined a team', {
    context: { home: paths.home },
    nextStep: 'Get a join link from the admin panel and run "holdfast join LINK".',
  });
}

/**
 * Puts an enrolled agent together from its home folder. Starts nothing that listens, runs or talks: that is for who
 * called. Roles `daemon` and `command` need the home's lock. Throws `not_enrolled`, `home_corrupt`.
 */
export async function openAgent(paths: AgentPaths, options: OpenAgentOptions): Promise<AgentRuntime> {
  const { role, log = silentLog } = options;
  const [files, clock, random] = [nodeFiles, systemClock, systemRandom];
  const document = await readAgentDocument(paths);
  await nodeCryptoReady();
  const identity = await readIdentity(files, paths.identitySeed);
  if (!identity)
    throw new AgentError('home_corrupt', "the device's identity is missing", {
      context: { path: paths.identitySeed },
      nextStep: 'Put identity.key back from a copy, or join again in an empty folder.',
    });
  const json = <T>(path: string, schema: ConstructorParameters<typeof JsonFile<T>>[2]): JsonFile<T> => new JsonFile(files, path, schema);

  const team = await openTeam(json(paths.team, teamState), document);
  const roster = await RosterKeeper.open(json(paths.roster, rosterState), team.teamId, team.coordinatorKey);
  const policy = await PolicyKeeper.open(json(paths.policy, policyState), document.joinedAtMs);
  const coordinator = new CoordinatorClient({
    url: document.coordinatorUrl,
    check: certificatePin(document.certificatePin),
    deviceId: document.deviceId,
    signChallenge: (nonce) => proofOf(identity, 'token', nonce),
    clock,
  });
  const outbox = await Outbox.open({
    files,
    folder: paths.outbox,
    deliver: (entry, signal) => deliver(coordinator, entry, clock.nowMs(), signal),
    onRejected: (entry, error) =>
      log.write('error', 'the coordinator refused a report for good', { kind: entry?.kind, ...errorFields(error) }),
  });
  const runs = await RunHistory.open(
    { file: json(paths.runs, runsState), clock, random, report: (run) => outbox.put({ kind: 'run', body: run }) },
    role !== 'reader',
  );
  const receipts = await ReceiptBook.open(files, paths.receipts);
  const memory = await MemoryNote.open(json(paths.memory, memoryState));
  const bundles = await BundleKeeper.open(files, paths.bundles, team.teamId, team.coordinatorKey);
  const doubted = await DoubtedCopies.open(json(paths.doubtedCopies, doubtedCopiesState));
  const activeMember = (id: DeviceId): boolean => {
    const member = roster.member(id);
    return member !== undefined && member.state !== 'revoked';
  };
  const protection = await Protection.open({
    file: json(paths.protection, protectionState),
    copiesOf: (packId) =>
      receipts
        .holdersOf(packId)
        .filter(activeMember)
        .map((deviceId) => ({ deviceId, weight: doubted.weightOf(packId, deviceId) })),
    minimum: () => policy.effective.replicas.minimum,
    nowMs: () => clock.nowMs(),
  });
  const own = await FilePackStore.open(paths.ownPacks, { name: ownStoreName });
  const held = await HeldPackStore.open(paths.heldPacks);
  const damagedCopies = await DamagedCopies.open(json(paths.damagedCopies, damagedCopiesState), held.packs);
  const reporter = new VaultReporter({
    file: json(paths.delivered, deliveredState),
    outbox,
    protection,
    releases: () => agent.releases,
    sha256: (bytes) => createHash('sha256').update(bytes).digest('base64url'),
  });
  const vault = new VaultAccess({
    paths,
    files,
    identity,
    own,
    random,
    onPack: (pack) => reporter.onPack(document.vaultId, pack),
    lingerMs: role === 'daemon' ? daemonLingerMs : 0,
    heal: (failure) => healVault(agent, failure),
  });
  const swarm = new SwarmAccess({
    ...{ identity, roster, own, held },
    // The daemon hears of it by its heartbeat, and a reader leaves writing it down to whoever has the lock.
    askFirst: role === 'command' ? () => askForRoster(agent) : undefined,
    options: { listen: [], bitswap: role === 'daemon', ...options.network },
  });
  const others = (): DeviceId[] =>
    (roster.roster?.members ?? [])
      .filter((m) => m.deviceId !== document.deviceId && m.state !== 'revoked' && m.class !== 'coordinator')
      .map((m) => m.deviceId);
  const locator = new PackLocator({
    clock,
    locate: (packIds, signal) => coordinator.locatePacks(packIds, signal),
    receiptHolders: (packId) => receipts.holdersOf(packId),
    members: others,
  });
  const holders = new HolderSources({
    locator,
    clock,
    blockSource: async (deviceId) => (await swarm.start()).blockSource(deviceId),
    isConnected: (deviceId) => swarm.running?.connections().some((c) => c.peer.deviceId === deviceId) ?? false,
    nameOf: (deviceId) => roster.member(deviceId)?.name ?? deviceId,
  });
  const ownFolders = new OwnFolders(json(paths.agent, agentDocument), document);
  const backups = new BackupRunner({
    home: paths.home,
    rulesFile: paths.backupRules,
    ownFolders,
    policy,
    runs,
    vault,
    reporter,
    clock,
    log,
    resources: backupResources(process.env),
    giveWay: role === 'daemon',
  });
  const { releases, holds, holdTimer, trims, trimHolds } = await openReleases({
    ...{ paths, files, clock, random, log, document, identity, coordinator, own, held, vault, roster, receipts, policy, swarm },
    team: { teamId: team.teamId, rootKey: fromBase64Url(document.rootKey), coordinatorKey: team.coordinatorKey },
  });
  const manners = await Manners.open({
    clock,
    file: json(paths.pause, pauseState),
    costs: async () => (await import('#libs/engine')).currentMachineCosts(),
    rosterConfirmedAtMs: () => roster.receivedAtMs,
    // Also by an incomplete one: another run on battery would most likely miss the same files.
    rpoDueAtMs: () =>
      backups.folders().length === 0
        ? null
        : (protection.view().protected?.capturedAtMs ?? document.joinedAtMs) + policy.effective.schedule.rpoHours * 3_600_000,
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await reporter.flushPacks().catch(() => undefined);
    reporter.close();
    await swarm.stop().catch((error: unknown) => log.write('warn', 'the swarm did not stop cleanly', errorFields(error)));
    await vault.close();
    coordinator.close();
  };
  const agent: AgentRuntime = {
    role,
    paths,
    files,
    clock,
    random,
    log,
    document,
    ownFolders,
    identity,
    team,
    coordinator,
    roster,
    policy,
    outbox,
    runs,
    receipts,
    doubted,
    memory,
    bundles,
    protection,
    own,
    held,
    damagedCopies,
    vault,
    reporter,
    swarm,
    holders,
    backups,
    releases,
    holds,
    holdTimer,
    trims,
    trimHolds,
    manners,
    live: undefined,
    close: () => (closing ??= close()),
  };
  return agent;
}

async function openTeam(
  file: JsonFile<{ document: Parameters<typeof openTeamDocument>[0]; checkedAtMs: number }>,
  document: AgentDocument,
): Promise<{ teamId: string; name: string; recoveryKey: Uint8Array; coordinatorKey: Uint8Array }> {
  const state = await file.read();
  if (!state)
    throw new AgentError('home_corrupt', "the team's document is missing", { nextStep: 'Join again in an empty folder with a new link.' });
  const rootKey = fromBase64Url(document.rootKey);
  try {
    return openTeamDocument(state.document, Date.now(), rootKey);
  } catch (error) {
    if (!isAppError(error, 'certificate_expired')) throw error;
    // What the coordinator signed while its certificate was valid stays good: backups and restores go on.
    return openTeamDocument(state.document, state.checkedAtMs, rootKey);
  }
}
