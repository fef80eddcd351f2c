import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DeviceTokensModule } from '../device-tokens/device-tokens.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccessGuard } from './access.guard.ts';

@Module({ imports: [SessionsModule, DeviceTokensModule], providers: [{ provide: APP_GUARD, useClass: AccessGuard }] })
export class AccessModule {}
