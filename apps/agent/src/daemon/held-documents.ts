import { equalBytes, fromBase64Url } from '#libs/kernel';
import { FileVaultDocumentStore } from '#libs/swarm';
import type { RosterKeeper } from '../roster/roster-keeper.ts';

/**
 * Headers and heads of colleagues' vaults, kept so that a lost machine can be restored without the coordinator. The
 * store takes only what a member of the roster signed.
 */
export function heldDocuments(folder: string, roster: () => RosterKeeper | undefined): FileVaultDocumentStore {
  return new FileVaultDocumentStore(folder, {
    isMemberKey: (key) =>
      (roster()?.roster?.members ?? []).some((m) => m.state !== 'revoked' && equalBytes(fromBase64Url(m.signingKey), key)),
  });
}
