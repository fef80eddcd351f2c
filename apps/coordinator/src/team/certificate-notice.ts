import type { TeamDocument } from '#libs/contracts';
import { coordinatorCertificate } from '#libs/contracts';
import { peekStatement } from '#libs/crypto';
import type { TeamReason } from '#libs/durability';
import { inWords } from '#libs/durability';

const DAY_MS = 86_400_000;
/** Two months: longer than any holiday of whoever has the kit. */
const NOTICE_MS = 60 * DAY_MS;

/** Until when the coordinator's key is certified by the team root. */
export const certificateNotAfterMs = (document: TeamDocument): number =>
  coordinatorCertificate.parse(peekStatement('coordinator-certificate', document.coordinator)).notAfterMs;

/** What a person should know of it, in good time; null: nothing. Members go on with what they checked once, so nothing stands still when it is over. */
export function certificateNotice(document: TeamDocument, nowMs: number): TeamReason | null {
  const leftMs = certificateNotAfterMs(document) - nowMs;
  if (leftMs > NOTICE_MS) return null;
  return {
    deviceId: null,
    text:
      leftMs > 0
        ? `The coordinator’s certificate ends in ${inWords(leftMs)}. Then no device can join the team.`
        : `The coordinator’s certificate ended ${inWords(-leftMs)} ago: no device can join the team.`,
    nextStep: 'Run "holdfast-coordinator renew-certificate --recovery-kit KIT" on its machine, with the recovery kit and its passphrase.',
  };
}
