import { equalBytes, messageOf } from '#libs/kernel';
import { decodeHead, decodeHeader, headerLoss } from '#libs/vault';
import type { VaultHeader } from '#libs/vault';
import { SwarmError } from '../errors.ts';
import type { VaultDocuments } from './store.ts';

export interface OwnerCheckOptions {
  /** Whether a key (Ed25519 public key, 32 bytes) is a present member's; asked for everything new. Default: any key. */
  readonly isMemberKey?: (signingKey: Uint8Array) => boolean;
}

/**
 * Who may leave documents of a vault here: whoever brings a header and a head that one member's device key signed, for
 * this vault, newer than what is there; and never another key than the one that came first. So a holder can neither be
 * filled with junk nor rolled back by anybody but the owner; and the owner itself, taken over, can't take a recovery key's way in away. Needs `cryptoReady()`. Throws `document_invalid`.
 */
export function checkOwner(offered: VaultDocuments, previous: VaultDocuments | undefined, options: OwnerCheckOptions = {}): void {
  const refuse = (why: string, cause?: unknown): SwarmError =>
    new SwarmError('document_invalid', `the documents of vault ${offered.vaultId} are refused: ${why}`, {
      context: { vaultId: offered.vaultId },
      cause,
    });
  let header: VaultHeader;
  try {
    header = decodeHeader(offered.header);
    if (header.vaultId !== offered.vaultId) throw refuse('the header is of another vault');
    if (offered.head) {
      const head = decodeHead(offered.head, header.signingPublicKey);
      if (head.vaultId !== offered.vaultId) throw refuse('the head is of another vault');
      if (head.sequence !== offered.sequence) throw refuse(`the head has sequence ${head.sequence}, not ${offered.sequence}`);
    } else if (offered.sequence !== 0) throw refuse('a sequence without a head');
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    throw refuse(messageOf(error), error);
  }
  if (options.isMemberKey && !options.isMemberKey(header.signingPublicKey)) throw refuse('who signed them is not a member');
  if (!previous) return;
  const known = decodeHeader(previous.header);
  if (!equalBytes(known.signingPublicKey, header.signingPublicKey)) throw refuse('they are signed by another key than the first ones');
  const loss = headerLoss(known, header);
  if (loss !== undefined) throw refuse(loss);
  if (header.sequence < known.sequence) throw refuse(`the header is older (${header.sequence}) than the one kept (${known.sequence})`);
  if (offered.sequence === previous.sequence && offered.head && previous.head && !equalBytes(offered.head, previous.head)) {
    throw refuse(`another head of sequence ${offered.sequence} is kept already`);
  }
}
