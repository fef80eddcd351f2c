import type { AuditEvent, AuditStanding, ReleaseView, TrimView } from '#libs/contracts';
import type { Words } from './states.ts';

export const releaseWords: Readonly<Record<ReleaseView['state'], Words>> = {
  waiting: { tone: 'risk', label: 'Waits for you', meaning: 'Unusual: nothing is deleted before somebody approves it.' },
  holding: { tone: 'waiting', label: 'In hold', meaning: 'Holders still keep everything. Until the hold is over it can be cancelled.' },
  cancelled: { tone: 'neutral', label: 'Cancelled', meaning: 'Void for good: nothing of it is deleted.' },
  done: { tone: 'neutral', label: 'Done', meaning: 'The hold is over and holders have deleted the packs.' },
};

export const releaseReasonWords: Readonly<Record<ReleaseView['reason'], string>> = {
  retention: 'no snapshot needs it any more',
  rewrite: 'what is needed of it was copied to other packs',
  leaver: 'the whole vault is given up',
  surplus: 'more copies than wanted',
};

export const trimWords: Readonly<Record<TrimView['state'], Words>> = {
  holding: { tone: 'neutral', label: 'In hold', meaning: 'The holder still has these copies; they no longer count.' },
  cancelled: { tone: 'neutral', label: 'Cancelled', meaning: 'The holder keeps these copies, and they count.' },
  done: { tone: 'neutral', label: 'Done', meaning: 'Nothing of it is left to do.' },
};

/** What audits say of a device as a holder. Only a proof is green: a device that was never asked has proved nothing. */
export function auditWords({ quarantine, quarantinedReplicas, failed, lastPassedAtMs }: AuditStanding): Words {
  if (quarantine !== null)
    return { tone: 'risk', label: 'Not believed', meaning: `${quarantine.reason} Nothing that it holds counts, and it gets no new packs.` };
  if (quarantinedReplicas > 0)
    return { tone: 'waiting', label: 'Copies in doubt', meaning: 'Some copies failed an audit. They count as nothing until proved again.' };
  if (lastPassedAtMs === null && failed === 0)
    return { tone: 'neutral', label: 'Not audited yet', meaning: 'It holds nothing, or its turn has not come.' };
  return lastPassedAtMs === null
    ? { tone: 'waiting', label: 'Nothing proved', meaning: 'It has failed audits and passed none so far.' }
    : { tone: 'protected', label: 'Proves what it holds', meaning: 'It passed its last audits.' };
}

export const auditEventWords: Readonly<Record<AuditEvent['kind'], Words>> = {
  failed: { tone: 'risk', label: 'Audit failed', meaning: 'The device could not prove that it still has a pack.' },
  cleared: { tone: 'neutral', label: 'Proved again', meaning: 'A copy in doubt was proved whole.' },
  rot: { tone: 'waiting', label: 'Damage found', meaning: 'The device read its packs again and found one damaged.' },
  quarantined: { tone: 'risk', label: 'Put in quarantine', meaning: 'Nothing that it holds counts.' },
  released: { tone: 'neutral', label: 'Believed again', meaning: 'What it holds counts again.' },
  'challenges-wrong': {
    tone: 'waiting',
    label: 'Wrong questions',
    meaning: 'The device made challenges that the packs themselves contradict; they were thrown away.',
  },
};

/** A share of a vault; something is never nothing. */
export const shareWords = (share: number): string => (share > 0 && share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`);
