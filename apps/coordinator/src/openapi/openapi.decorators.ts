import { HttpCode, applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

/** What a handler answers: status, schema (none: no body), and one sentence for the reader of /api/docs. */
export const Answers = (status: 200 | 201 | 202 | 204, schema: z.ZodType | null, summary: string): MethodDecorator =>
  applyDecorators(
    HttpCode(status),
    ApiOperation({ summary }),
    ApiResponse(schema ? { status, description: summary, standardSchema: schema } : { status, description: summary }),
  );

/** A handler that streams server-sent events. */
export const ApiStream = (summary: string): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status: 200, description: summary, content: { 'text/event-stream': { schema: { type: 'string' } } } }),
  );

/** A handler that answers bytes. */
export const AnswersBytes = (summary: string): MethodDecorator =>
  applyDecorators(
    HttpCode(200),
    ApiOperation({ summary }),
    ApiResponse({
      status: 200,
      description: summary,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    }),
  );
