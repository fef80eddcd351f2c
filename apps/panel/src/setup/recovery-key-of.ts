import type { TeamDocument } from '#libs/contracts';
import { teamStatement } from '#libs/contracts';
import { fromBase64Url } from '#libs/kernel';

/** The public recovery key that a team document of our own making names, base64url. */
export function recoveryKeyOf(document: TeamDocument): string {
  return teamStatement.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(document.team.payload)))).recoveryKey;
}
