import type { DeviceState } from '#libs/contracts';
import { inWords } from './time.ts';

export interface StandingWords {
  readonly reason: string;
  readonly nextStep: string | null;
}

/** A state in plain words. `silentMs` null: it never reported. `lacks`: what a device in vetting has not shown yet. */
export function standingWords(state: DeviceState, silentMs: number | null, lacks = ''): StandingWords {
  const ago = silentMs === null ? 'since it enrolled' : `for ${inWords(silentMs)}`;
  switch (state) {
    case 'vetting':
      return { reason: `New: gets packs beyond the minimum only, since ${lacks}.`, nextStep: null };
    case 'active':
      return { reason: 'Online and in order.', nextStep: null };
    case 'asleep':
      return {
        reason: silentMs === null ? 'Enrolled; has not reported yet.' : `Asleep or switched off ${ago}; its packs count.`,
        nextStep: null,
      };
    case 'overdue':
      return { reason: `Not heard of ${ago}: gets no new packs; what it holds still counts.`, nextStep: 'Switch it on for a while.' };
    case 'suspect':
      return {
        reason: `Not heard of ${ago}: what it holds counts one half.`,
        nextStep: 'Ask its owner whether it is in use; mark it lost if it is not.',
      };
    case 'missing':
      return {
        reason: `Not heard of ${ago}: what it held no longer counts and is being copied again.`,
        nextStep: 'Find the machine, say until when it is away, or mark it lost.',
      };
    case 'lost':
      return {
        reason: `Not heard of ${ago}: treated as lost.`,
        nextStep: 'Revoke it, and restore its owner to another machine if needed.',
      };
    case 'reconciling':
      return { reason: 'Back after a long absence: what it still holds is being counted and checked.', nextStep: null };
    case 'draining':
      return {
        reason: 'Is leaving the team: its packs are being copied to others first.',
        nextStep: 'Wait until its packs are copied, then revoke it.',
      };
    case 'revoked':
      return { reason: 'Revoked: no member of the team talks to it any more.', nextStep: null };
  }
}

/** Lost because an admin says so, whatever the clock says. */
export const markedLostWords: StandingWords = {
  reason: 'An admin marked it as lost; what it held is being copied again from others.',
  nextStep: 'Restore its owner to another machine, or revoke it. If it turns up, take the mark back.',
};
