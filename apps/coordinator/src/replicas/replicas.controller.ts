import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { DoubtedCopies, Inventory, PackLocations, ReceiptList } from '#libs/contracts';
import { doubtedCopies, inventory, locatePacks, packLocations, receiptList } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { DoubtedCopiesService } from './doubted-copies.service.ts';
import { InventoryService } from './inventory.service.ts';
import { LocationsService } from './locations.service.ts';
import { ReceiptsService } from './receipts.service.ts';

const since = z.strictObject({ since: z.coerce.number().int().min(0).default(0) });
const after = z.strictObject({ after: z.string().max(120).default('') });

@Controller('agent')
@Agent()
export class ReplicasController {
  constructor(
    private readonly receipts: ReceiptsService,
    private readonly inventories: InventoryService,
    private readonly locations: LocationsService,
    private readonly doubted: DoubtedCopiesService,
  ) {}

  @Get('receipts')
  @Answers(200, receiptList, 'Receipts for this device’s packs after a cursor, at most 1,000; ask again with `nextCursor` until none come.')
  list(@Query({ schema: since }) query: z.infer<typeof since>, @Device() device: CurrentAgent): Promise<ReceiptList> {
    return this.receipts.list(device.deviceId, query.since);
  }

  @Get('copies/doubted')
  @Answers(
    200,
    doubtedCopies,
    'Copies of this device’s packs that count for less than their receipts say; ask again with `next` until it is null.',
  )
  doubtedOf(@Query({ schema: after }) query: z.infer<typeof after>, @Device() device: CurrentAgent): Promise<DoubtedCopies> {
    return this.doubted.of(device.deviceId, query.after);
  }

  @Post('inventory')
  @LargeBody()
  @Answers(204, null, 'What this device holds for others, in parts from 0 to the `last`.')
  async inventory(@Body({ schema: inventory }) body: Inventory, @Device() device: CurrentAgent): Promise<void> {
    await this.inventories.take(device.deviceId, body);
  }

  @Post('packs/locate')
  @Answers(200, packLocations, 'Who has these packs, those online first. Packs that nobody announced are left out.')
  locate(@Body({ schema: locatePacks }) body: z.infer<typeof locatePacks>): Promise<PackLocations> {
    return this.locations.of(body.packIds);
  }
}
