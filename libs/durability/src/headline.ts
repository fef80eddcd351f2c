import type { DeviceClass, DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { isGone } from './device-state.ts';
import type { RpoVerdict } from './rpo.ts';

/** A device as far as its own data is concerned. */
export interface DeviceHealth {
  readonly deviceId: DeviceId;
  readonly name: string;
  readonly deviceClass: DeviceClass;
  /** Its effective policy names folders. It may have others besides, chosen when it joined, that only it knows. */
  readonly policyHasFolders: boolean;
  readonly state: DeviceState;
  readonly stateReason: string;
  readonly stateNextStep: string | null;
  readonly everCaptured: boolean;
  /** The newest snapshot is protected. */
  readonly newestProtected: boolean;
  /** A protected snapshot exists. */
  readonly everProtected: boolean;
  readonly rpo: RpoVerdict;
  /** How many things could not be read for its newest backup; 0: none, or the policy lets such backups count. */
  readonly unread: number;
  /** Packs of its newest protected snapshot that fell below the minimum again. */
  readonly packsBelowMinimum: number;
}

export type TeamLevel = 'protected' | 'attention' | 'at-risk' | 'empty';
export interface TeamReason {
  readonly deviceId: DeviceId | null;
  readonly text: string;
  readonly nextStep: string;
}
export interface TeamVerdict {
  readonly level: TeamLevel;
  readonly headline: string;
  readonly reasons: readonly TeamReason[];
  readonly protectedDevices: number;
  readonly notProtectedDevices: number;
  /** Those with nothing of their own to protect (`isStorageOnly`): counted in neither of the two. */
  readonly storageOnlyDevices: number;
}

interface DeviceVerdict {
  readonly protected: boolean;
  readonly level: 'protected' | 'attention' | 'at-risk';
  readonly reason: TeamReason | null;
}

/** What is wrong with the team as a whole: `standstill` puts it at risk, `notices` want attention. */
export interface TeamTroubles {
  readonly standstill?: TeamReason | null;
  readonly notices?: readonly TeamReason[];
}

/**
 * An anchor that was never backed up and is not told to only stores for others. A workstation is no such case: what it should
 * back up may be known to it alone, so having no backup wants attention.
 */
export function isStorageOnly(device: Pick<DeviceHealth, 'deviceClass' | 'policyHasFolders' | 'everCaptured'>): boolean {
  return device.deviceClass === 'anchor' && !device.policyHasFolders && !device.everCaptured;
}

/**
 * Worst wins; only protected is green. Revoked devices have left the team and count nowhere; storage-only devices have nothing
 * to protect, and only want attention when they are gone.
 */
export function teamVerdict(devices: readonly DeviceHealth[], { standstill = null, notices = [] }: TeamTroubles = {}): TeamVerdict {
  const members = devices.filter((d) => d.state !== 'revoked');
  const storage = members.filter(isStorageOnly);
  const own = members.filter((d) => !isStorageOnly(d)).map(deviceVerdict);
  const good = own.filter((v) => v.protected).length;
  const bad = own.length - good;
  const verdicts = [...own, ...storage.map(storageVerdict)];
  const general = members.length > 0 && own.length === 0 ? [nothingBackedUp, ...notices] : notices;
  const worst: TeamLevel =
    members.length === 0
      ? 'empty'
      : standstill || verdicts.some((v) => v.level === 'at-risk')
        ? 'at-risk'
        : general.length > 0 || verdicts.some((v) => v.level === 'attention')
          ? 'attention'
          : 'protected';
  const ordered = verdicts.sort((a, b) => rank[a.level] - rank[b.level]).flatMap((v) => (v.reason ? [v.reason] : []));
  return {
    level: worst,
    headline: headlineOf(worst, own.length, bad, storage.length),
    reasons: [...(standstill ? [standstill] : []), ...general, ...ordered],
    protectedDevices: good,
    notProtectedDevices: bad,
    storageOnlyDevices: storage.length,
  };
}

const nothingBackedUp: TeamReason = {
  deviceId: null,
  text: 'Nothing is backed up: the team has storage only.',
  nextStep: 'Add a workstation, or choose folders for an anchor in its policy.',
};

const rank = { 'at-risk': 0, attention: 1, protected: 2 } as const;
const devicesWord = (n: number): string => (n === 1 ? 'device' : 'devices');

/** `total` are the devices with data of their own; those that only store are named beside them. */
function headlineOf(level: TeamLevel, total: number, bad: number, storage: number): string {
  if (level === 'empty') return 'No devices yet';
  if (total === 0) return `Nothing is backed up yet; ${storage} ${devicesWord(storage)} only ${storage === 1 ? 'stores' : 'store'}`;
  if (bad > 0) return `${bad} of ${total} ${devicesWord(total)} not protected`;
  if (level !== 'protected') return `All ${total} ${devicesWord(total)} protected, but something needs a person`;
  if (storage === 0) return total === 1 ? 'The one device is protected' : `All ${total} devices are protected`;
  const backedUp = total === 1 ? 'The one device with a backup is protected' : `All ${total} devices with backups are protected`;
  return `${backedUp}; ${storage} more only ${storage === 1 ? 'stores' : 'store'} for others`;
}

/** It has nothing of its own to lose; what it holds is missed when it is gone. */
function storageVerdict(device: DeviceHealth): DeviceVerdict {
  if (!isGone(device.state)) return { protected: false, level: 'protected', reason: null };
  return {
    protected: false,
    level: 'attention',
    reason: {
      deviceId: device.deviceId,
      text: `${device.name}: ${device.stateReason}`,
      nextStep: device.stateNextStep ?? 'Look for the machine.',
    },
  };
}

/** Whether a device's own data is safe, and if not, why and what to do. */
export function deviceVerdict(device: DeviceHealth): DeviceVerdict {
  const say = (level: 'attention' | 'at-risk', isProtected: boolean, text: string, nextStep: string): DeviceVerdict => ({
    protected: isProtected,
    level,
    reason: { deviceId: device.deviceId, text: `${device.name}: ${text}`, nextStep },
  });
  if (!device.everCaptured)
    return say('attention', false, 'has never been backed up.', 'Choose its folders in the policy, then start a backup.');
  if (!device.everProtected)
    return say(
      device.rpo.met === false ? 'at-risk' : 'attention',
      false,
      'captured on its own disk only; colleagues do not have enough copies yet.',
      'Keep it and at least two colleagues online, or add an anchor.',
    );
  if (device.packsBelowMinimum > 0)
    return say(
      'at-risk',
      false,
      `${device.packsBelowMinimum} of its packs have too few copies.`,
      'Repair runs by itself; bring holders back online if it does not move.',
    );
  const unread = `${device.unread} ${device.unread === 1 ? 'thing' : 'things'} could not be read`;
  if (device.rpo.incompleteInTime)
    return say('attention', false, `${device.rpo.reason} Newer ones are incomplete${device.unread > 0 ? `: ${unread}` : ''}.`, mendUnread);
  if (device.rpo.met === false) return say('at-risk', false, device.rpo.reason, 'Switch it on and start a backup.');
  if (isGone(device.state))
    return say('attention', device.rpo.met === true, device.stateReason, device.stateNextStep ?? 'Look for the machine.');
  if (!device.newestProtected)
    return say(
      'attention',
      device.rpo.met === true,
      'its newest backup is captured, and on its way to colleagues.',
      'Keep it online until it is protected.',
    );
  if (device.unread > 0) return say('attention', device.rpo.met === true, `its newest backup is incomplete: ${unread}.`, mendUnread);
  // Of paths that somebody named, say: they keep no promise about the rest.
  if (device.rpo.met === null) return say('attention', false, device.rpo.reason, 'Start a backup of everything, and keep it online.');
  return { protected: true, level: 'protected', reason: null };
}

const mendUnread =
  'See on the device which files they are (`holdfast backup` names them): give the agent leave to read them, exclude them, or let incomplete backups count in the policy.';
