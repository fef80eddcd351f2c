import { Module } from '@nestjs/common';
import { ReleasedPacksRepository } from './released-packs.repository.ts';

/** The part of releases that counting replicas needs; everything else is in `ReleasesModule`, above it. */
@Module({ providers: [ReleasedPacksRepository], exports: [ReleasedPacksRepository] })
export class ReleasedPacksModule {}
