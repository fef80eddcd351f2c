import type { DeviceClass, DeviceState, DeviceSummary, JoinLink, Overview, Protection, Restore, Run, Snapshot } from '#libs/contracts';
import type { Readings } from '#libs/durability';
import { unreadOf } from '#libs/durability';
import { counted } from './quantities.ts';

/** Green is for protected alone; captured is amber; red needs a person. */
export type Tone = 'protected' | 'waiting' | 'risk' | 'neutral' | 'active';

export interface Words {
  readonly tone: Tone;
  readonly label: string;
  /** One sentence for whoever hovers or listens. */
  readonly meaning: string;
}

export const protectionWords: Readonly<Record<Protection, Words>> = {
  captured: { tone: 'waiting', label: 'Captured', meaning: 'Complete on the owner’s own disk, not yet on enough other machines.' },
  protected: { tone: 'protected', label: 'Protected', meaning: 'Every pack is on at least the minimum number of other machines.' },
  full: { tone: 'protected', label: 'Protected, full', meaning: 'Every pack is on the target number of other machines.' },
};

export function snapshotWords(snapshot: Pick<Snapshot, 'protection'> & Readings): Words {
  const words = protectionWords[snapshot.protection];
  return unreadOf(snapshot) > 0 ? incomplete(words) : words;
}

/** Never green, on however many machines it is: the file that is missed may be the one that is needed. */
const incomplete = (words: Words): Words => ({
  tone: words.tone === 'protected' ? 'waiting' : words.tone,
  label: `${words.label}, incomplete`,
  meaning: `${words.meaning} Some files could not be read, and are not in it.`,
});

export const deviceStateWords: Readonly<Record<DeviceState, Words>> = {
  vetting: { tone: 'neutral', label: 'New', meaning: 'Gets packs beyond the minimum only, until it has proved itself.' },
  active: { tone: 'neutral', label: 'Active', meaning: 'In touch with the coordinator.' },
  asleep: { tone: 'neutral', label: 'Asleep', meaning: 'Switched off or sleeping: normal for a workstation.' },
  overdue: { tone: 'waiting', label: 'Overdue', meaning: 'Away longer than usual; it gets no new packs.' },
  suspect: { tone: 'waiting', label: 'Suspect', meaning: 'Away for days; its replicas count one half.' },
  missing: { tone: 'risk', label: 'Missing', meaning: 'Away for two weeks; its replicas no longer count.' },
  lost: { tone: 'risk', label: 'Lost', meaning: 'Given up; its replicas were made again elsewhere.' },
  reconciling: { tone: 'waiting', label: 'Reconciling', meaning: 'Back after a long absence; what it holds is being counted again.' },
  draining: { tone: 'waiting', label: 'Draining', meaning: 'Its packs are being copied out before it leaves.' },
  revoked: { tone: 'risk', label: 'Revoked', meaning: 'No longer part of the team; nobody talks to it.' },
};

/** A device's state as the list shows it: a full disk is worth a word where nothing worse is to be said. */
export function deviceStateOf({ state, shed }: Pick<DeviceSummary, 'state' | 'shed'>): Words {
  const words = deviceStateWords[state];
  if (shed === null || words.tone !== 'neutral') return words;
  if (shed.stuck) return { tone: 'risk', label: 'Disk full', meaning: 'Packs should leave its disk and can not be moved.' };
  if (shed.toGiveBackBytes === 0) return words;
  return { tone: 'waiting', label: 'Disk nearly full', meaning: 'Packs that it holds for others are being moved.' };
}

/** What the devices table says about a device's own data. */
export function deviceProtectionWords(device: {
  readonly class: DeviceClass;
  readonly vaultId: string | null;
  readonly lastCapturedAtMs: number | null;
  readonly lastProtectedAtMs: number | null;
  readonly rpoMet: boolean | null;
  readonly incomplete: DeviceSummary['incomplete'];
}): Words {
  if (device.lastCapturedAtMs === null && device.class === 'anchor' && device.rpoMet === null)
    return { tone: 'neutral', label: 'Storage only', meaning: 'Keeps packs of others and has no backup of its own.' };
  if (device.lastCapturedAtMs === null)
    return { tone: 'neutral', label: 'No backup yet', meaning: 'Nothing has been captured on this device.' };
  if (device.incomplete?.inTime)
    return { tone: 'waiting', label: 'Incomplete', meaning: `Protected as far as it could be read, but ${missing(device.incomplete)}` };
  if (device.lastProtectedAtMs === null) return { tone: 'waiting', label: 'Captured only', meaning: protectionWords.captured.meaning };
  if (device.rpoMet === false)
    return { tone: 'risk', label: 'RPO missed', meaning: 'The newest protected snapshot is older than promised.' };
  if (device.incomplete)
    return {
      tone: 'waiting',
      label: 'Protected, incomplete',
      meaning: `A complete snapshot is as fresh as promised, but ${missing(device.incomplete)}`,
    };
  return { tone: 'protected', label: 'Protected', meaning: 'The newest protected snapshot is as fresh as promised.' };
}

const missing = ({ unread }: NonNullable<DeviceSummary['incomplete']>): string =>
  unread === 0 ? 'no complete snapshot is as fresh as promised.' : `${counted(unread, 'thing')} could not be read for the newest one.`;

const runWords: Readonly<Record<Run['state'], Words>> = {
  running: { tone: 'active', label: 'Running', meaning: 'Under way.' },
  captured: { tone: 'waiting', label: 'Captured', meaning: 'The snapshot is complete on the owner’s disk.' },
  failed: { tone: 'risk', label: 'Failed', meaning: 'Ended with an error.' },
  interrupted: { tone: 'risk', label: 'Interrupted', meaning: 'Stopped before its end; the next run goes on from there.' },
};

/** How safe the run's snapshot is by now says more than how the run ended. */
export function runResultWords({ state, protection, fileErrors }: Pick<Run, 'state' | 'protection' | 'fileErrors'>): Words {
  if (state !== 'captured') return runWords[state];
  const words = protection ? protectionWords[protection] : runWords[state];
  return fileErrors > 0 ? incomplete(words) : words;
}

export const triggerWords: Readonly<Record<Run['trigger'], string>> = {
  schedule: 'on schedule',
  'catch-up': 'caught up',
  admin: 'asked for here',
  manual: 'started on the device',
};

export const restoreWords: Readonly<Record<Restore['state'], Words>> = {
  waiting: { tone: 'neutral', label: 'Waiting for the device', meaning: 'Starts as soon as the device is online.' },
  running: { tone: 'active', label: 'Running', meaning: 'Packs are fetched from the holders and decrypted on the device.' },
  done: { tone: 'neutral', label: 'Done', meaning: 'Everything was written.' },
  failed: { tone: 'risk', label: 'Failed', meaning: 'Ended with an error.' },
};

export const levelTone: Readonly<Record<Overview['level'], Tone>> = {
  protected: 'protected',
  attention: 'waiting',
  'at-risk': 'risk',
  empty: 'neutral',
};

export const joinLinkWords: Readonly<Record<JoinLink['state'], Words>> = {
  open: { tone: 'active', label: 'Open', meaning: 'Can be used.' },
  used: { tone: 'neutral', label: 'Used', meaning: 'All its uses are gone.' },
  expired: { tone: 'neutral', label: 'Expired', meaning: 'Its time is over.' },
  revoked: { tone: 'neutral', label: 'Withdrawn', meaning: 'Somebody withdrew it.' },
};

export const conflictWords = {
  'keep-both': 'Keep both: the restored one gets another name',
  overwrite: 'Overwrite what is there',
  skip: 'Skip what is there',
  fail: 'Stop if anything is there',
} as const;
