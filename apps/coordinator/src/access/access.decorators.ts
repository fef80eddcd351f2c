import type { ExecutionContext } from '@nestjs/common';
import { SetMetadata, createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';

/** A signed-in person. */
export interface CurrentPerson {
  readonly kind: 'person';
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Hash of the session's secret: names the session without being able to use it. */
  readonly sessionId: string;
  readonly expiresAtMs: number;
}

/** A device that proved its key and is not revoked. */
export interface CurrentAgent {
  readonly kind: 'agent';
  readonly deviceId: DeviceId;
}

export type Principal = CurrentPerson | CurrentAgent;

/** Who may call a route: written on every handler (or its controller); a route that says nothing stops the start. */
export type Access = { readonly for: 'people'; readonly roles: readonly Role[] } | { readonly for: 'agents' } | { readonly for: 'anyone' };

export const ACCESS = 'holdfast:access';

const everyone: readonly Role[] = ['owner', 'admin', 'restore-operator', 'auditor'];

/** Signed-in people; with roles, only those. State-changing methods also need the CSRF header. */
export const People = (...roles: Role[]) =>
  SetMetadata<string, Access>(ACCESS, { for: 'people', roles: roles.length > 0 ? roles : everyone });
/** Enrolled devices with a bearer token. */
export const Agent = () => SetMetadata<string, Access>(ACCESS, { for: 'agents' });
/** No credentials asked for: say why at the handler. */
export const Anyone = () => SetMetadata<string, Access>(ACCESS, { for: 'anyone' });

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access guard. */
    principal?: Principal;
  }
}

/** The {@link CurrentPerson} of a `@People()` route. */
export const Person = createParamDecorator(
  (_: unknown, context: ExecutionContext): CurrentPerson => principalOf(context, 'person') as CurrentPerson,
);
/** The {@link CurrentAgent} of an `@Agent()` route. */
export const Device = createParamDecorator(
  (_: unknown, context: ExecutionContext): CurrentAgent => principalOf(context, 'agent') as CurrentAgent,
);

function principalOf(context: ExecutionContext, kind: Principal['kind']): Principal {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (principal?.kind !== kind) throw new TypeError(`this route has no ${kind}`);
  return principal;
}
