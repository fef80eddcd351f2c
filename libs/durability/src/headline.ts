import type { DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { isGone } from './device-state.ts';
import type { RpoVerdict } from './rpo.ts';

/** A device as far as its own data is concerned. */
export interface DeviceHealth {
  readonly deviceId: DeviceId;
  readonly name: string;
  readonly state: DeviceState;
  readonly stateReason: string;
  readonly stateNextStep: string | null;
  readonly everCaptured: boolean;
  /** The newest snapshot is protected. */
  readonly newestProtected: boolean;
  /** A protected snapshot exists. */
  readonly everProtected: boolean;
  readonly rpo: RpoVerdict;
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

/** Worst wins; only protected is green. Revoked devices have left the team and count nowhere. */
export function teamVerdict(devices: readonly DeviceHealth[], { standstill = null, notices = [] }: TeamTroubles = {}): TeamVerdict {
  const members = devices.filter((d) => d.state !== 'revoked');
  const verdicts = members.map(deviceVerdict);
  const good = verdicts.filter((v) => v.protected).length;
  const bad = verdicts.length - good;
  const worst: TeamLevel =
    members.length === 0
      ? 'empty'
      : standstill || verdicts.some((v) => v.level === 'at-risk')
        ? 'at-risk'
        : notices.length > 0 || verdicts.some((v) => v.level === 'attention')
          ? 'attention'
          : 'protected';
  const ordered = [...verdicts].sort((a, b) => rank[a.level] - rank[b.level]).flatMap((v) => (v.reason ? [v.reason] : []));
  return {
    level: worst,
    headline: headlineOf(worst, members.length, bad),
    reasons: [...(standstill ? [standstill] : []), ...notices, ...ordered],
    protectedDevices: good,
    notProtectedDevices: bad,
  };
}

const rank = { 'at-risk': 0, attention: 1, protected: 2 } as const;
const devicesWord = (n: number): string => (n === 1 ? 'device' : 'devices');

function headlineOf(level: TeamLevel, total: number, bad: number): string {
  if (level === 'empty') return 'No devices yet';
  if (bad > 0) return `${bad} of ${total} ${devicesWord(total)} not protected`;
  if (level === 'protected') return total === 1 ? 'The one device is protected' : `All ${total} devices are protected`;
  return `All ${total} ${devicesWord(total)} protected, but something needs a person`;
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
  if (device.rpo.met === false) return say('at-risk', false, device.rpo.reason, 'Switch it on and start a backup.');
  if (isGone(device.state)) return say('attention', true, device.stateReason, device.stateNextStep ?? 'Look for the machine.');
  if (!device.newestProtected)
    return say('attention', true, 'its newest backup is captured, and on its way to colleagues.', 'Keep it online until it is protected.');
  return { protected: true, level: 'protected', reason: null };
}
