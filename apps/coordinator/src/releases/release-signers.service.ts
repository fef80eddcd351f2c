import { Injectable } from '@nestjs/common';
import type { ReleaseKeys } from '#libs/crypto';
import type { DeviceId, VaultId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { TeamService } from '../team/team.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';

/** Who may release packs of a vault: its owner; the team root only when the owner is gone for good. */
@Injectable()
export class ReleaseSignersService {
  constructor(
    private readonly vaults: VaultsService,
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly team: TeamService,
  ) {}

  /**
   * The vault and the keys to check a statement of that type with; `sender` only carries a root's statement. Throws `vault_not_found`,
   * `vault_not_yours`, `owner_not_gone`.
   */
  async of(sender: DeviceId, vaultId: VaultId, type: string): Promise<{ vault: Vault; keys: Omit<ReleaseKeys, 'coordinatorKey'> }> {
    const vault = await this.vaults.get(vaultId);
    const owner = await this.devices.get(vault.deviceId);
    if (type === 'root-release') {
      const state = owner.membership === 'revoked' ? 'revoked' : (await this.states.recorded([owner.deviceId]))(owner.deviceId);
      if (state !== 'revoked' && state !== 'lost') {
        throw new CoordinatorError('owner_not_gone', `The vault’s device ${owner.name} is neither revoked nor lost.`, {
          nextStep: 'Let the device itself forget what it no longer needs, or revoke it first.',
        });
      }
    } else if (vault.deviceId !== sender) {
      throw new CoordinatorError('vault_not_yours', 'This vault belongs to another device.', { context: { vaultId } });
    }
    const { teamId, rootKey } = await this.team.get();
    return { vault, keys: { teamId, ownerKey: fromBase64Url(owner.signingKey), rootKey: fromBase64Url(rootKey) } };
  }
}
