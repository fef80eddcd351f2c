import type { VaultDocument } from '#libs/contracts';
import { type DeviceId, fromBase64Url, isAppError, type VaultId } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** The two small files that open a vault, as somebody keeps them: unverified, the reader checks signatures and key. */
export interface FoundDocuments {
  readonly vaultId: VaultId;
  readonly deviceId: DeviceId;
  readonly deviceName: string;
  readonly header: Uint8Array;
  readonly head: Uint8Array | undefined;
  readonly from: string;
}

/**
 * Header and head of this machine's own vault: from the disk, else (damaged, lost) from the coordinator, else from a
 * holder. `problem` says what was wrong on the disk.
 */
export async function ownDocuments(agent: AgentRuntime, signal: AbortSignal): Promise<FoundDocuments & { readonly problem?: unknown }> {
  const { vaultId, deviceId, name } = agent.document;
  try {
    return await agent.vault.use(async (vault) => ({
      vaultId,
      deviceId,
      deviceName: name,
      header: vault.headerBytes,
      head: vault.headBytes,
      from: 'this disk',
    }));
  } catch (problem) {
    if (!isAppError(problem) || problem.code === 'vault_busy' || problem.code === 'home_corrupt') throw problem;
    agent.log.write(
      'warn',
      'the vault on this disk can not be opened; asking the coordinator and the holders for its documents',
      errorFields(problem),
    );
    const found = await documentsElsewhere(agent, vaultId, deviceId, name, signal).catch(() => undefined);
    if (!found) throw problem;
    return { ...found, problem };
  }
}

/** Header and head of another machine's vault, by the machine's name or id. Throws `device_not_found`, `snapshot_not_found`. */
export async function documentsOfDevice(agent: AgentRuntime, nameOrId: string, signal: AbortSignal): Promise<FoundDocuments> {
  const { vaultId, deviceId, deviceName } = await vaultOfDevice(agent, nameOrId, signal);
  return documentsElsewhere(agent, vaultId, deviceId, deviceName, signal);
}

/** Which vault is meant by a machine's name or id. Throws `device_not_found`, and `coordinator_unreachable` when it can't be known without it. */
export async function vaultOfDevice(
  agent: AgentRuntime,
  nameOrId: string,
  signal: AbortSignal,
): Promise<Pick<FoundDocuments, 'vaultId' | 'deviceId' | 'deviceName'>> {
  let offered: VaultDocument[] | undefined;
  try {
    offered = await agent.coordinator.vaults(signal);
  } catch (error) {
    signal.throwIfAborted();
    agent.log.write('warn', 'the coordinator can not be asked for vaults; asking the holders', errorFields(error));
  }
  if (offered) {
    const matching = offered.filter((v) => v.deviceId === nameOrId || v.deviceName === nameOrId || v.vaultId === nameOrId);
    if (matching.length > 1)
      throw new AgentError('device_not_found', `${matching.length} machines are called "${nameOrId}"`, {
        nextStep: 'Use the device id: "holdfast devices" shows it.',
      });
    const found = matching[0];
    if (found) return found;
    throw new AgentError('device_not_found', `no vault of a machine called "${nameOrId}" is known`, {
      nextStep: '"holdfast devices" lists the team.',
    });
  }
  const member = agent.roster.find(nameOrId);
  const held = await firstHeldVaultOf(agent, member.deviceId);
  if (!held) {
    throw new AgentError('coordinator_unreachable', 'without the coordinator only vaults can be found whose packs are held here', {
      status: 'temporary',
      nextStep: 'Try again when the coordinator answers, or on a machine that holds packs of the lost one.',
    });
  }
  return { vaultId: held, deviceId: member.deviceId, deviceName: member.name };
}

/** Documents of one vault: from the coordinator, else the newest that colleagues have. */
export async function documentsElsewhere(
  agent: AgentRuntime,
  vaultId: VaultId,
  deviceId: DeviceId,
  deviceName: string,
  signal: AbortSignal,
): Promise<FoundDocuments> {
  let failure: unknown;
  try {
    // The list of vaults leaves heads out: they can have megabytes.
    const document = await agent.coordinator.vault(vaultId, signal);
    if (document.head !== null) return fromDocument(document);
  } catch (error) {
    signal.throwIfAborted();
    failure = error;
  }
  const swarm = await agent.swarm.start();
  const { documentsOfColleagues } = await import('./documents-of-colleagues.ts');
  const found = await documentsOfColleagues(
    {
      members: agent.roster.roster?.members ?? [],
      self: agent.document.deviceId,
      holders: deviceId === agent.document.deviceId ? agent.receipts.holders() : new Set(),
      ownerKey: agent.roster.member(deviceId)?.signingKey,
      fetch: (holder, either) => swarm.fetchVaultDocuments(holder, vaultId, { signal: either }),
    },
    signal,
  );
  if (found) return { vaultId, deviceId, deviceName, header: found.header, head: found.head, from: found.from };
  if (failure instanceof Error) throw failure;
  throw new AgentError('no_snapshot', `${deviceName} has no snapshot`, { nextStep: 'It has to finish a first backup.' });
}

function fromDocument(document: VaultDocument): FoundDocuments {
  return {
    vaultId: document.vaultId,
    deviceId: document.deviceId,
    deviceName: document.deviceName,
    header: fromBase64Url(document.header),
    head: document.head === null ? undefined : fromBase64Url(document.head),
    from: 'the coordinator',
  };
}

async function firstHeldVaultOf(agent: AgentRuntime, deviceId: DeviceId): Promise<VaultId | undefined> {
  for await (const pack of agent.held.inventory()) if (pack.about?.ownerDeviceId === deviceId) return pack.about.vaultId;
  return undefined;
}
