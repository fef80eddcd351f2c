import { AppError } from '#libs/kernel';

export type LogLevel = 'info' | 'warn' | 'error';

/** Structured lines for an operator. No secrets, no file contents; file names stay out too: the log may leave the machine. */
export interface AgentLog {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One JSON object a line. */
export function lineLog(write: (line: string) => void, nowMs: () => number): AgentLog {
  return {
    write(level, message, fields = {}) {
      write(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), level, message, ...fields })}\n`);
    },
  };
}

export const silentLog: AgentLog = { write: () => undefined };

/** What a log line says about anything that was thrown. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof AppError) return { code: error.code, reason: error.message, ...error.context };
  return { reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
