import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { packId, vaultId } from '#libs/contracts';
import type { PackId, VaultId } from '#libs/kernel';
import { People } from '../access/access.decorators.ts';
import { AnswersBytes } from '../openapi/openapi.decorators.ts';
import { GatewayService, maxLeaves } from './gateway.service.ts';

const leafRange = z.strictObject({
  first: z.coerce.number().int().min(0).max(1_000_000),
  count: z.coerce.number().int().min(1).max(maxLeaves),
});

@Controller('vaults/:vaultId/packs/:packId')
@People('owner', 'admin', 'restore-operator')
export class GatewayController {
  constructor(private readonly gateway: GatewayService) {}

  @Get('root')
  @AnswersBytes('The pack’s dag-pb root block, relayed from a holder.')
  async root(
    @Param('vaultId', { schema: vaultId }) vault: VaultId,
    @Param('packId', { schema: packId }) pack: PackId,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const block = await this.gateway.root(vault, pack, goneSignal(reply));
    await asBytes(reply, block.length).send(Buffer.from(block));
  }

  @Get('leaves')
  @AnswersBytes(
    'Leaves `first` to `first + count - 1` of the pack (1 MiB each but its last), as ciphertext from whichever holder is online.',
  )
  async leaves(
    @Param('vaultId', { schema: vaultId }) vault: VaultId,
    @Param('packId', { schema: packId }) pack: PackId,
    @Query({ schema: leafRange }) range: z.infer<typeof leafRange>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { sizeBytes, leaves } = await this.gateway.leaves(vault, pack, range, goneSignal(reply));
    // A source that fails now has no other left: the stream breaks off short of its length, which the reader notices.
    await asBytes(reply, sizeBytes).send(Readable.from(leaves, { objectMode: false, highWaterMark: 1 }));
  }
}

/** Packs never change, but who may read them does. */
const asBytes = (reply: FastifyReply, sizeBytes: number): FastifyReply =>
  reply
    .status(200)
    .header('content-type', 'application/octet-stream')
    .header('content-length', sizeBytes)
    .header('cache-control', 'private, no-store');

/** Aborts when the browser went away. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new DOMException('the reader went away', 'AbortError')));
  return gone.signal;
}
