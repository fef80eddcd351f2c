import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { z } from 'zod';
import type { PutVaultHeader, VaultDocument } from '#libs/contracts';
import { putVaultHeader, vaultDocument, vaultId } from '#libs/contracts';
import type { VaultId } from '#libs/kernel';
import type { CurrentAgent, CurrentPerson } from '../access/access.decorators.ts';
import { Agent, Device, People, Person } from '../access/access.decorators.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { VaultsService } from './vaults.service.ts';

@Controller()
export class VaultsController {
  constructor(
    private readonly vaults: VaultsService,
    private readonly devices: DevicesService,
  ) {}

  @Get('vaults')
  @People()
  @Answers(200, z.array(vaultDocument), 'Every vault that can be restored from, without heads: ask for one vault to get its head.')
  list(): Promise<VaultDocument[]> {
    return this.vaults.list();
  }

  @Get('vaults/:vaultId')
  @People('owner', 'admin', 'restore-operator')
  @Answers(200, vaultDocument, 'A vault’s header and head as stored: only a key opens them. Leaves a line in the audit log.')
  document(@Param('vaultId', { schema: vaultId }) id: VaultId, @Person() person: CurrentPerson): Promise<VaultDocument> {
    return this.vaults.documentFor({ actor: person.email }, id);
  }

  @Put('agent/vault/header')
  @Agent()
  @Answers(204, null, 'Keeps the newest header of the device’s own vault.')
  async putHeader(@Body({ schema: putVaultHeader }) body: PutVaultHeader, @Device() device: CurrentAgent): Promise<void> {
    await this.vaults.putHeader(device.deviceId, body.vaultId, body.header);
  }

  @Get('agent/vaults')
  @Agent()
  @Answers(200, z.array(vaultDocument), 'Every vault that can be restored from, without heads: ask for one vault to get its head.')
  listForAgents(): Promise<VaultDocument[]> {
    return this.vaults.list();
  }

  @Get('agent/vaults/:vaultId')
  @Agent()
  @Answers(200, vaultDocument, 'A vault’s header and head, for whoever has a key of it. Leaves a line in the audit log.')
  async documentForAgents(@Param('vaultId', { schema: vaultId }) id: VaultId, @Device() device: CurrentAgent): Promise<VaultDocument> {
    const { name } = await this.devices.get(device.deviceId);
    return this.vaults.documentFor({ actor: `device ${name}`, deviceId: device.deviceId }, id);
  }
}
