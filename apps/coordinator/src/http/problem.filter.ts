import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '#libs/contracts';
import { messageOf } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import { RequestInvalid } from './validation.pipe.ts';

/** Turns whatever was thrown into problem+json (RFC 9457). What it does not know is a 500 that tells nothing but the request id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    this.answer(error, request, reply);
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = problemOf(error, request);
    if (problem.status >= 500) this.#log.error({ err: error, requestId: request.id, code: problem.code }, 'request failed');
    if (reply.sent || reply.raw.headersSent) return;
    const wait = error instanceof CoordinatorError ? error.context['retryAfterSeconds'] : undefined;
    if (typeof wait === 'number') void reply.header('retry-after', String(Math.ceil(wait)));
    void reply.status(problem.status).header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  }
}

function problemOf(error: unknown, request: FastifyRequest): Problem {
  const known = translate(error, request);
  return {
    type: `urn:holdfast:problem:${known.code}`,
    title: known.message,
    status: known.httpStatus,
    code: known.code,
    ...(known.nextStep ? { nextStep: known.nextStep } : {}),
    requestId: request.id,
    ...(error instanceof RequestInvalid ? { errors: [...error.issues] } : {}),
  };
}

function translate(error: unknown, request: FastifyRequest): CoordinatorError {
  if (error instanceof CoordinatorError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413)
    return new CoordinatorError('body_too_large', 'The request body is too large.');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return new CoordinatorError('media_type_unsupported', 'The body must be JSON.', {
      nextStep: 'Send it with content-type: application/json.',
    });
  }
  if (status === 404) return new CoordinatorError('route_not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`);
  if (status === 429) return new CoordinatorError('rate_limited', 'Too many requests.', { nextStep: 'Wait a moment and try again.' });
  if (error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return new CoordinatorError('body_not_json', 'The request body is not valid JSON.');
  if (typeof status === 'number' && status >= 400 && status < 500) return new CoordinatorError('request_invalid', messageOf(error));
  return new CoordinatorError('internal_error', 'Something went wrong in the coordinator.', {
    nextStep: 'Try again; if it happens again, look for the request id in the coordinator’s log.',
  });
}
