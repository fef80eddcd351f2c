import type { CustomDecorator } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

/** Lets a handler take a body of up to `http.largeBodyLimitBytes`. */
export const LargeBody = (): CustomDecorator => RouteConfig({ largeBody: true });
