import type { RosterMember } from '#libs/contracts';
import { type DeviceId, fromBase64Url } from '#libs/kernel';
import type { VaultDocuments } from '#libs/swarm';
import { decodeHead, decodeHeader } from '#libs/vault';

/** Colleagues that are asked at the same time. */
const askedAtOnce = 12;
/** A colleague that sleeps does not answer at all. */
const patienceMs = 20_000;

export interface ColleaguesToAsk {
  readonly members: readonly RosterMember[];
  readonly self: DeviceId;
  /** Those known to hold packs of the vault: asked first. */
  readonly holders: ReadonlySet<DeviceId>;
  /** The owner's Ed25519 key (base64url) as the roster has it; undefined: it is no member any more. */
  readonly ownerKey: string | undefined;
  readonly fetch: (holder: DeviceId, signal: AbortSignal) => Promise<VaultDocuments | undefined>;
}

/**
 * The newest header and head that colleagues keep of a vault, and who gave them. An owner leaves them with a few of its holders, so everybody is asked, some
 * at a time: known holders, anchors, then the rest, until somebody has them. What is not signed as it ought to be counts as no answer: one colleague
 * that lies can't keep the others' from being found. Undefined: nobody who answers has any. Throws the signal's reason.
 */
export async function documentsOfColleagues(
  { members, self, holders, ownerKey, fetch }: ColleaguesToAsk,
  signal: AbortSignal,
): Promise<(VaultDocuments & { readonly from: string }) | undefined> {
  const urgency = ({ deviceId, class: kind }: RosterMember): number => (holders.has(deviceId) ? 0 : kind === 'anchor' ? 1 : 2);
  const candidates = members
    .filter((member) => member.deviceId !== self && member.state !== 'revoked' && member.class !== 'coordinator')
    .sort((a, b) => urgency(a) - urgency(b));
  for (let at = 0; at < candidates.length; at += askedAtOnce) {
    const answers = await Promise.allSettled(
      candidates.slice(at, at + askedAtOnce).map(async ({ deviceId, name }) => {
        const documents = await fetch(deviceId, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
        return documents && isGenuine(documents, ownerKey) ? { ...documents, from: name } : undefined;
      }),
    );
    signal.throwIfAborted();
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []));
    const [newest] = found.sort((a, b) => b.sequence - a.sequence);
    if (newest) return newest;
  }
  return undefined;
}

/** Header and head are whole, of one device, and of the number that was claimed. Whose master key it is, is known once a slot is opened. */
function isGenuine({ vaultId, header, head, sequence }: VaultDocuments, ownerKey: string | undefined): boolean {
  try {
    const { vaultId: of, signingPublicKey } = decodeHeader(header);
    if (of !== vaultId || head === undefined) return false;
    const { vaultId: headOf, sequence: number } = decodeHead(head, ownerKey === undefined ? signingPublicKey : fromBase64Url(ownerKey));
    return headOf === vaultId && number === sequence;
  } catch {
    return false;
  }
}
