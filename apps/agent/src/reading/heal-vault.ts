import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { type AppError, equalBytes, isAppError } from '#libs/kernel';
import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { repairOwnPacks } from './repair-own-packs.ts';
import { documentsElsewhere } from './vault-documents.ts';

/** One thing that was damaged on this disk and was replaced. */
export interface Healed {
  readonly what: 'header' | 'head' | 'index pack' | 'list of packs to be released';
  readonly packId?: PackId;
  readonly from: string;
}

/** How long a broken vault may keep a command waiting for the network. */
const patienceMs = 60_000;

/**
 * Puts right what keeps this machine's vault from opening: a damaged header or head comes from the coordinator or a
 * holder, damaged index packs from holders. Everything that is put in place was signed by this very device. A damaged list of packs to be released is
 * set aside: without it they take room, with it there would be no backup. Returns what was replaced; nothing when the cause is another one, or help is out
 * of reach.
 */
export async function healVault(agent: AgentRuntime, failure: unknown): Promise<Healed[]> {
  if (agent.role === 'reader' || !isAppError(failure)) return [];
  if (['vault_busy', 'vault_not_found', 'wrong_key', 'disk_full', 'home_corrupt'].includes(failure.code)) return [];
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const aside = await setListAside(agent, failure);
    // As far as it is known that is all that was wrong, and nobody has to be asked for it.
    const healed = aside.length > 0 ? aside : [...(await replaceDocuments(agent, signal)), ...(await replaceIndexPacks(agent, signal))];
    agent.log.write(
      healed.length > 0 ? 'warn' : 'error',
      healed.length > 0 ? 'the vault on this disk was damaged and was put right' : 'the vault on this disk is damaged',
      {
        healed: healed.map((h) => h.what + (h.packId ? ` ${h.packId}` : '')).join(', '),
        ...errorFields(failure),
      },
    );
    return healed;
  } catch (error) {
    agent.log.write('error', 'the vault on this disk is damaged and can not be put right now', {
      ...errorFields(error),
      damage: failure.message,
    });
    return [];
  }
}

/** The engine's two files outside the packs; see docs/spec/vault-format.md. */
const documentPath = (agent: AgentRuntime, name: 'header' | 'head'): string => join(agent.paths.vault, name);

async function setListAside(agent: AgentRuntime, failure: AppError): Promise<Healed[]> {
  const path = join(agent.paths.vault, 'retired');
  if (failure.code !== 'vault_state_corrupt' || failure.context['path'] !== path) return [];
  await agent.files.move(path, `${path}.damaged`);
  return [{ what: 'list of packs to be released', from: 'an empty one: these packs stay where they are and take some room' }];
}

async function readLocal(agent: AgentRuntime, name: 'header' | 'head'): Promise<Uint8Array | undefined> {
  return agent.files.read(documentPath(agent, name), { maxBytes: 16 * 1024 * 1024 }).catch(() => undefined);
}

async function replaceDocuments(agent: AgentRuntime, signal: AbortSignal): Promise<Healed[]> {
  const { decodeHead, decodeHeader } = await import('#libs/vault');
  const { signing } = agent.identity;
  const isOurHeader = (bytes: Uint8Array | undefined): bytes is Uint8Array => {
    try {
      const header = bytes && decodeHeader(bytes);
      return header !== undefined && header.vaultId === agent.document.vaultId && equalBytes(header.signingPublicKey, signing.publicKey);
    } catch {
      return false;
    }
  };
  const isOurHead = (bytes: Uint8Array | undefined): bytes is Uint8Array => {
    try {
      return bytes !== undefined && decodeHead(bytes, signing.publicKey).vaultId === agent.document.vaultId;
    } catch {
      return false;
    }
  };
  const headerIsGood = isOurHeader(await readLocal(agent, 'header'));
  const headIsGood = isOurHead(await readLocal(agent, 'head'));
  if (headerIsGood && headIsGood) return [];
  const found = await documentsElsewhere(agent, agent.document.vaultId, agent.document.deviceId, agent.document.name, signal);
  const replaced: Healed[] = [];
  if (!headerIsGood && isOurHeader(found.header)) {
    await agent.files.replace(documentPath(agent, 'header'), found.header);
    replaced.push({ what: 'header', from: found.from });
  }
  if (!headIsGood && isOurHead(found.head)) {
    await agent.files.replace(documentPath(agent, 'head'), found.head);
    replaced.push({ what: 'head', from: found.from });
  }
  return replaced;
}

async function replaceIndexPacks(agent: AgentRuntime, signal: AbortSignal): Promise<Healed[]> {
  const { decodeHead } = await import('#libs/vault');
  const headBytes = await readLocal(agent, 'head');
  if (!headBytes) return [];
  const head = decodeHead(headBytes, agent.identity.signing.publicKey);
  const packs = new Map<PackId, number>(head.indexPacks.map((p) => [p.packId, p.sizeBytes]));
  return (await repairOwnPacks(agent, packs, signal)).map((packId) => ({ what: 'index pack' as const, packId, from: 'a holder' }));
}
