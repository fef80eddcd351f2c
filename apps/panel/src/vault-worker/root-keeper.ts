import type { Release, SignedStatement } from '#libs/contracts';
import { signRootRelease, wipeTeamKeys } from '#libs/crypto';
import type { SigningKeyPair } from '#libs/crypto';
import { equalBytes, fromBase64Url } from '#libs/kernel';
import { openKitOf } from './key-keeper.ts';
import { PanelError } from './panel-error.ts';
import type { VaultWorkerMethods } from './protocol.ts';

type Inputs<M extends keyof VaultWorkerMethods> = Parameters<VaultWorkerMethods[M]>[0];

interface OpenRoot {
  readonly root: SigningKeyPair;
  readonly teamId: string;
  readonly deviceId: string;
  readonly vaultId: string;
}

/** The team root while one vault is given up. The worker that holds it is made for that and closed after. */
export class RootKeeper {
  #open: OpenRoot | undefined;

  async open({ kit, passphrase, recoveryKey, rootKey, deviceId, vaultId }: Inputs<'openRoot'>): Promise<{ team: string }> {
    const keys = await openKitOf({ kit, passphrase, recoveryKey });
    keys.recovery.secretKey.fill(0);
    if (!equalBytes(keys.root.publicKey, fromBase64Url(rootKey))) {
      wipeTeamKeys(keys);
      throw new PanelError('other_team', 'This recovery kit has another root than this team.', {
        nextStep: 'Use the recovery kit that was made when this coordinator was set up.',
      });
    }
    this.#open = { root: keys.root, teamId: keys.teamId, deviceId, vaultId };
    return { team: keys.name };
  }

  /** Every field is put together here: a draft can't bring one along that nobody looked at. */
  sign({ draft, nowMs }: Inputs<'signRootRelease'>): SignedStatement {
    if (this.#open === undefined)
      throw new PanelError('locked', 'The recovery kit is not open.', { nextStep: 'Open it again with its passphrase.' });
    const { root, teamId, deviceId, vaultId } = this.#open;
    if (draft.teamId !== teamId || draft.vaultId !== vaultId || draft.ownerDeviceId !== deviceId)
      throw new PanelError('draft_unfit', 'The coordinator asks for a signature over another vault than the one that you chose.', {
        nextStep: 'Nothing was signed. Find out who runs the coordinator before you use the recovery kit here again.',
      });
    const { releaseSequence, headSequence, generation, packIds } = draft;
    const body: Release = {
      ...{ teamId, releaseId: crypto.randomUUID(), vaultId: draft.vaultId, ownerDeviceId: draft.ownerDeviceId },
      ...{ releaseSequence, headSequence, generation, reason: 'leaver', packIds, atMs: nowMs },
    };
    return signRootRelease(body, root.secretKey);
  }
}
