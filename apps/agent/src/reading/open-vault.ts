import { openRecoveryKit } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId } from '#libs/kernel';
import { fromBase64Url, isAppError } from '#libs/kernel';
import type { BlockRejected, ChunkOpener, LostIndexPack, VaultReader, VerifiedBlocks } from '#libs/vault';
import { AgentError } from '../errors.ts';
import type { FetchTally } from '../network/holder-sources.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { askForRoster } from '../roster/ask-for-roster.ts';
import { onceHoldersAnswer } from './once-holders-answer.ts';
import { type FoundDocuments, ownDocuments } from './vault-documents.ts';

/** A vault that is open for reading, with what is needed to say where its bytes came from. */
export interface OpenedVault {
  readonly reader: VaultReader;
  /** What the reader reads through, for a check of the bytes themselves. */
  readonly blocks: VerifiedBlocks;
  readonly opener: ChunkOpener;
  readonly rejected: readonly BlockRejected[];
  /** No source gave these; some snapshots can't be read therefore. */
  readonly lostIndexPacks: readonly LostIndexPack[];
  readonly tally: FetchTally;
  readonly documents: FoundDocuments;
}

/** Opens this machine's own vault; packs that are damaged or missing here come from their holders. */
export async function openOwnVault(agent: AgentRuntime, signal: AbortSignal): Promise<OpenedVault & { readonly problem?: unknown }> {
  const documents = await ownDocuments(agent, signal);
  const opened = await openVault(agent, documents, await agent.vault.masterKey(), agent.identity.signing.publicKey, signal);
  return { ...opened, ...(documents.problem === undefined ? {} : { problem: documents.problem }) };
}

/**
 * Opens a vault with its master key. Local packs are read first, then its holders over the swarm, which is started only
 * when a block is not here. `signingKey`: of the owner's device, where the roster still knows it.
 */
export async function openVault(
  agent: AgentRuntime,
  documents: FoundDocuments,
  masterKey: Uint8Array,
  signingKey: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<OpenedVault> {
  if (!documents.head) {
    throw new AgentError('no_snapshot', `${documents.deviceName} has no snapshot yet`, { nextStep: 'Run "holdfast backup" there first.' });
  }
  const headBytes = documents.head;
  const { openReader } = await import('#libs/engine');
  const tally: FetchTally = { packs: new Map<PackId, Map<DeviceId, number>>() };
  let tried = false;
  const open = async (isLast: boolean) => {
    if (tried && agent.role === 'command') await askForRoster(agent, signal);
    tried = true;
    return openReader({
      primitives: nodePrimitives(),
      masterKey,
      headerBytes: documents.header,
      headBytes,
      sources: [agent.own, agent.held.packs, ...agent.holders.sources(tally)],
      ...(signingKey ? { expectedSigningKey: signingKey } : {}),
      ...(isLast ? { salvageFrom: () => packsHere(agent) } : {}),
      signal,
    });
  };
  const { reader, blocks, opener, rejected, lostIndexPacks } = await onceHoldersAnswer(agent.clock, signal, open);
  if (lostIndexPacks.length > 0)
    agent.log.write('error', 'index packs of the vault can not be had; the packs on this disk were read instead', {
      packs: lostIndexPacks.map(({ packId }) => packId).join(', '),
    });
  return { reader, blocks, opener, rejected, lostIndexPacks, tally, documents };
}

async function* packsHere(agent: AgentRuntime): AsyncGenerator<PackId> {
  yield* agent.own.ids();
  yield* agent.held.packs.ids();
}

/** How somebody proves that they may read another machine's vault. */
export interface OtherVaultKey {
  /** Text of the recovery kit; undefined: the passphrase is one of the vault's own. */
  readonly recoveryKit: string | undefined;
  readonly passphrase: string;
}

/** Master key of another machine's vault. Throws `wrong_key`, `wrong_passphrase`, `bad_kit`. */
export async function unlockOtherVault(
  agent: AgentRuntime,
  documents: FoundDocuments,
  key: OtherVaultKey,
): Promise<{ masterKey: Uint8Array; signingKey: Uint8Array | undefined }> {
  const { decodeHeader, unlockHeader } = await import('#libs/vault');
  const header = decodeHeader(documents.header);
  const member = agent.roster.member(documents.deviceId);
  const signingKey = member ? fromBase64Url(member.signingKey) : undefined;
  try {
    if (key.recoveryKit === undefined)
      return { masterKey: await unlockHeader(nodePrimitives(), header, { passphrase: key.passphrase }), signingKey };
    const team = await openRecoveryKit(key.recoveryKit, key.passphrase);
    return { masterKey: await unlockHeader(nodePrimitives(), header, { recoveryKeyPair: team.recovery }), signingKey };
  } catch (cause) {
    if (!isAppError(cause, 'wrong_key')) throw cause;
    throw new AgentError('wrong_key', `this key does not open the vault of ${documents.deviceName}`, {
      cause,
      nextStep: key.recoveryKit === undefined ? 'Check the passphrase, or use the recovery kit.' : 'Use the recovery kit of this team.',
    });
  }
}
