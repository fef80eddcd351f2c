import type { QueryClient } from '@tanstack/react-query';
import { session } from '#libs/contracts';
import { call, setCsrfToken } from './client.ts';
import { sessionQuery } from './queries.ts';

/**
 * Signs in by a call that answers with the new session, and shows it everywhere. A question for the session that is
 * still under way was asked before, and would answer "nobody": it is cancelled.
 */
export async function enterSession(client: QueryClient, path: 'session' | 'session/ticket' | 'setup', body: unknown): Promise<void> {
  const entered = await call(session, path, { method: 'POST', body });
  await client.cancelQueries({ queryKey: sessionQuery.queryKey });
  setCsrfToken(entered.csrfToken);
  client.setQueryData(sessionQuery.queryKey, entered);
}
