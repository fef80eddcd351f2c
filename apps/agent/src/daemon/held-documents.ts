import { decodeHead, decodeHeader } from '#libs/vault';
import { FileVaultDocumentStore, SwarmError, type VaultDocuments } from '#libs/swarm';
import { equalBytes, fromBase64Url } from '#libs/kernel';
import type { RosterKeeper } from '../roster/roster-keeper.ts';

/**
 * Headers and heads of colleagues' vaults, kept so that a lost machine can be restored without the coordinator. Taken
 * only when a member of the roster signed both, and never by another owner than before.
 */
export function heldDocuments(folder: string, roster: () => RosterKeeper | undefined): FileVaultDocumentStore {
  return new FileVaultDocumentStore(folder, {
    check: async (offered, previous) => {
      try {
        await checkDocuments(offered, previous, roster());
      } catch (cause) {
        throw new SwarmError('document_invalid', 'the vault documents are not signed by a member of the team', { cause });
      }
    },
  });
}

async function checkDocuments(
  offered: VaultDocuments,
  previous: VaultDocuments | undefined,
  roster: RosterKeeper | undefined,
): Promise<void> {
  const header = await decodeHeader(offered.header);
  if (header.vaultId !== offered.vaultId) throw new RangeError('the header is of another vault');
  const signers = roster?.roster?.members ?? [];
  if (!signers.some((m) => equalBytes(fromBase64Url(m.signingKey), header.signingPublicKey)))
    throw new RangeError('nobody in the roster signed the header');
  if (previous && !equalBytes((await decodeHeader(previous.header)).signingPublicKey, header.signingPublicKey))
    throw new RangeError('the vault has another owner');
  if (offered.head) {
    const head = await decodeHead(offered.head, header.signingPublicKey);
    if (head.vaultId !== offered.vaultId || head.sequence !== offered.sequence) throw new RangeError('the head does not fit');
  } else if (offered.sequence !== 0) {
    throw new RangeError('a sequence without a head');
  }
}
