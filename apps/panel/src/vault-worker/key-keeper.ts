import { cryptoReady, createTeam, openRecoveryKit, wipeTeamKeys } from '#libs/crypto';
import type { BoxKeyPair, TeamKeys } from '#libs/crypto';
import { equalBytes, fromBase64Url } from '#libs/kernel';
import { PanelError } from './panel-error.ts';
import type { VaultWorkerMethods } from './protocol.ts';

type Inputs<M extends keyof VaultWorkerMethods> = Parameters<VaultWorkerMethods[M]>[0];

/** Throws `other_team` besides what `openRecoveryKit` throws. The caller wipes what it does not keep. */
export async function openKitOf({ kit, passphrase, recoveryKey }: Inputs<'unlock'>): Promise<TeamKeys> {
  await cryptoReady();
  const keys = await openRecoveryKit(kit, passphrase);
  if (equalBytes(keys.recovery.publicKey, fromBase64Url(recoveryKey))) return keys;
  wipeTeamKeys(keys);
  throw new PanelError(
    'other_team',
    `This is the recovery kit of the team “${keys.name}”, but not the one that this team’s backups are sealed to.`,
    {
      nextStep: 'Use the recovery kit that was made when this coordinator was set up.',
    },
  );
}

export async function makeTeam({
  name,
  passphrase,
  coordinatorKey,
  nowMs,
}: Inputs<'createTeam'>): Promise<ReturnType<VaultWorkerMethods['createTeam']>> {
  await cryptoReady();
  const { keys, teamDocument, recoveryKit } = await createTeam({ name, passphrase, coordinatorKey: fromBase64Url(coordinatorKey), nowMs });
  wipeTeamKeys(keys);
  return { teamDocument, recoveryKit };
}

export async function checkKit(input: Inputs<'checkKit'>): Promise<{ team: string }> {
  const keys = await openKitOf(input);
  wipeTeamKeys(keys);
  return { team: keys.name };
}

/** The recovery key while it is unlocked. The root key is not needed for restoring, so it is wiped at once. */
export class KeyKeeper {
  #recovery: BoxKeyPair | undefined;

  async unlock(input: Inputs<'unlock'>): Promise<{ team: string }> {
    const keys = await openKitOf(input);
    keys.root.secretKey.fill(0);
    this.#recovery = keys.recovery;
    return { team: keys.name };
  }

  get recovery(): BoxKeyPair {
    if (this.#recovery === undefined)
      throw new PanelError('locked', 'The recovery key is locked.', { nextStep: 'Unlock it with the recovery kit and its passphrase.' });
    return this.#recovery;
  }
}
