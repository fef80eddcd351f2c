import type { z } from 'zod';
import { ApiError, problemToError, unreachable } from './api-error.ts';

const base = '/api/v1';
let csrfToken: string | undefined;

/** Set from the session; sent as `x-holdfast-csrf` with every call that changes something. */
export function setCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return `${base}/${path}${text === '' ? '' : `?${text}`}`;
}

interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

async function send(path: string, { method = 'GET', query, body, signal }: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && csrfToken !== undefined) headers['x-holdfast-csrf'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(withQuery(path, query), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable(error);
  }
  if (!response.ok) throw problemToError(response.status, await response.json().catch(() => undefined));
  return response;
}

/** Calls the coordinator and checks the reply against its contract. Throws {@link ApiError}. */
export async function call<T extends z.ZodType>(schema: T, path: string, options: CallOptions = {}): Promise<z.infer<T>> {
  const response = await send(path, options);
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError(
    'reply_not_understood',
    `The coordinator’s answer to ${path} is not what this panel expects (${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}).`,
    {
      httpStatus: response.status,
      nextStep: 'Load the page again: the coordinator may have been updated while it was open.',
      cause: parsed.error,
    },
  );
}

/** A call whose reply body is of no interest. Throws {@link ApiError}. */
export async function order(path: string, options: CallOptions): Promise<void> {
  await send(path, options);
}
