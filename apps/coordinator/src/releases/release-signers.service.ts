import { Injectable } from '@nestjs/common';
import type { ReleaseKeys } from '#libs/crypto';
import type { DeviceId, VaultId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import type { Device } from '../devices/devices.service.ts';
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
      this.#assertGone(owner);
    } else if (vault.deviceId !== sender) {
      throw new CoordinatorError('vault_not_yours', 'This vault belongs to another device.', { context: { vaultId } });
    }
    const { teamId, rootKey } = await this.team.get();
    return { vault, keys: { teamId, ownerKey: fromBase64Url(owner.signingKey), rootKey: fromBase64Url(rootKey) } };
  }

  /** A device whose vault only the team root can give up, with that vault. Throws `device_not_found`, `owner_not_gone`, `vault_not_found`. */
  async gone(deviceId: DeviceId): Promise<{ owner: Device; vault: Vault; teamId: string }> {
    const owner = await this.devices.get(deviceId);
    this.#assertGone(owner);
    const vault = await this.vaults.ofDevice(deviceId);
    if (!vault) throw new CoordinatorError('vault_not_found', `${owner.name} never backed anything up here.`);
    return { owner, vault, teamId: (await this.team.get()).teamId };
  }

  /** Out of the team: its key can add nothing to the vault any more. */
  async isRevoked(deviceId: DeviceId): Promise<boolean> {
    return (await this.devices.get(deviceId)).membership === 'revoked';
  }

  #assertGone(owner: Device): void {
    if (this.states.isGoneForGood(owner)) return;
    const { state } = this.states.standing(owner);
    const why = state === 'lost' ? 'was heard of since it was marked as lost' : 'is neither revoked nor lost';
    throw new CoordinatorError('owner_not_gone', `The vault’s device ${owner.name} ${why}.`, {
      nextStep: 'Let the device itself forget what it no longer needs, or revoke it first.',
    });
  }
}
