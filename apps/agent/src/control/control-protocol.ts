import { z } from 'zod';

/**
 * How a command line talks to the daemon of the same home. Participants: processes of one user on one machine. Goal: run
 * a command where the lock is, with the same events as in its own process. Non-goals: other users, other machines.
 *
 * `POST /v1/commands/<name>`, body: the command's arguments as JSON; answer: one event as JSON a line, the last one a
 * `result` or an `error`. `GET /v1/about` says who answers.
 *
 * Stopping: `POST /v1/stop/<id>`, where `<id>` is the UUID that the command was sent with in `x-holdfast-command`; the stream then
 * ends with the command's own last event, once its work has really ended. A connection that closes stops the command too.
 */
export const controlAbout = z.object({ pid: z.int(), version: z.string(), startedAtMs: z.int() });

/** Header that names a command, so that it can be stopped while its answer is read. */
export const commandIdHeader = 'x-holdfast-command';

export const controlLimits = {
  /** Arguments: a thousand paths of 4 KiB at most. */
  maxRequestBytes: 8 * 1024 * 1024,
  /** One event; the longest is a piece of a file (`dump`). */
  maxLineBytes: 8 * 1024 * 1024,
  /** A command that was asked to stop closes its open packs first; after this long its end is no longer waited for. */
  stopTimeoutMs: 60_000,
  /** The daemon answers at once or is not there. */
  connectTimeoutMs: 2_000,
} as const;
