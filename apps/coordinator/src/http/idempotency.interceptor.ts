import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { firstValueFrom, from } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Clock } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { IdempotencyRepository } from './idempotency.repository.ts';

/** A first request that has not answered by then died with its process; its key may be used again. */
const UNDER_WAY_MS = 60_000;

/**
 * `idempotency-key` on a POST: the same caller sending the same again within a day gets the first answer, and nothing happens
 * twice. Only successes are kept: what failed may be tried again with the same key.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly requests: IdempotencyRepository,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.principal) return next.handle();
    return from(this.#once(request, context.switchToHttp().getResponse<FastifyReply>(), String(key), next));
  }

  async #once(request: FastifyRequest, reply: FastifyReply, key: string, next: CallHandler): Promise<unknown> {
    if (!/^[\w.:-]{8,100}$/.test(key))
      throw new CoordinatorError('request_invalid', 'The header idempotency-key must have 8 to 100 letters, digits or _.:-');
    const caller = request.principal?.kind === 'person' ? request.principal.userId : request.principal!.deviceId;
    const requestHash = hash(`${caller}\n${request.url}\n${key}`);
    const bodyHash = hash(JSON.stringify(request.body ?? null));
    const now = this.clock.nowMs();
    const known = await this.requests.claim(requestHash, bodyHash, now, now + UNDER_WAY_MS);
    if (known) return replay(known, bodyHash, key, reply);
    try {
      const body: unknown = await firstValueFrom(next.handle(), { defaultValue: undefined });
      const answer = body === undefined ? '' : seal(key, requestHash, JSON.stringify(body));
      await this.requests.keep(requestHash, reply.statusCode, answer, now + this.config.http.idempotencySeconds * 1000);
      return body;
    } catch (error) {
      await this.requests.release(requestHash);
      throw error;
    }
  }
}

function replay(
  known: { bodyHash: string; status: number; answer: string; requestHash: string },
  bodyHash: string,
  key: string,
  reply: FastifyReply,
): unknown {
  if (known.bodyHash !== bodyHash) {
    throw new CoordinatorError('idempotency_key_reused', 'This idempotency key was used with another request.', {
      nextStep: 'Use a new key for a new request.',
    });
  }
  if (known.status === 0) {
    throw new CoordinatorError('request_in_progress', 'The first request with this idempotency key is still under way.', {
      status: 'temporary',
      nextStep: 'Wait a moment and try again.',
      context: { retryAfterSeconds: 1 },
    });
  }
  void reply.status(known.status).header('idempotent-replay', 'true');
  return known.answer === '' ? undefined : (JSON.parse(open(key, known.requestHash, known.answer)) as unknown);
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The database only has a hash of the client's key, so it can't open the answer that is sealed with it. */
const sealKey = (key: string, requestHash: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, requestHash, 'holdfast/idempotent-answer/1', 44));

function seal(key: string, requestHash: string, text: string): string {
  const material = sealKey(key, requestHash);
  const cipher = createCipheriv('aes-256-gcm', material.subarray(0, 32), material.subarray(32));
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function open(key: string, requestHash: string, sealed: string): string {
  const material = sealKey(key, requestHash);
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', material.subarray(0, 32), material.subarray(32)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
}
