import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { DeviceTokensService } from '../device-tokens/device-tokens.service.ts';
import { CoordinatorError } from '../errors.ts';
import { SESSION_COOKIE } from '../http/cookies.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import type { Access } from './access.decorators.ts';
import { ACCESS } from './access.decorators.ts';

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Decides for every route who gets in, and leaves the principal at the request. Nothing is open by omission. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
    private readonly deviceTokens: DeviceTokensService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (access?.for === 'anyone') return true;
    if (access?.for === 'people') return this.#person(request, access);
    if (access?.for === 'agents') return this.#agent(request);
    throw new CoordinatorError('internal_error', `${context.getClass().name}.${context.getHandler().name} does not say who may call it.`);
  }

  async #person(request: FastifyRequest, access: Access & { for: 'people' }): Promise<boolean> {
    const secret = request.cookies[SESSION_COOKIE];
    const person = secret ? await this.sessions.resume(secret) : undefined;
    if (!secret || !person) throw new CoordinatorError('not_signed_in', 'You are not signed in.', { nextStep: 'Sign in and try again.' });
    if (!readingMethods.has(request.method) && !this.sessions.csrfMatches(secret, request.headers['x-holdfast-csrf'])) {
      throw new CoordinatorError('csrf_token_missing', 'The header x-holdfast-csrf is missing or wrong.', {
        nextStep: 'Reload the page and try again.',
      });
    }
    if (!access.roles.includes(person.role)) {
      throw new CoordinatorError('role_not_allowed', `The role ${person.role} may not do this.`, {
        nextStep: `Ask somebody with the role ${access.roles.join(' or ')}.`,
      });
    }
    request.principal = person;
    return true;
  }

  async #agent(request: FastifyRequest): Promise<boolean> {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token) {
      throw new CoordinatorError('device_token_invalid', 'A device token is needed.', { nextStep: 'Get one at /api/v1/agent/token.' });
    }
    request.principal = { kind: 'agent', deviceId: await this.deviceTokens.verify(token) };
    return true;
  }
}
