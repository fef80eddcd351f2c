import { AppError } from '#libs/kernel';
import type { SwarmErrorCode } from '../errors.ts';
import { SwarmError } from '../errors.ts';

/** Header that carries the code of an error; its text is the body. */
export const errorHeader = 'holdfast-error';
/** Header by which a client says that it checks what comes and asks again if it is wrong. */
export const checkHeader = 'holdfast-check';
export const checkedByReceiver = 'receiver';

/** HTTP status of each error that travels. A 500 means our own copy; what has no place here becomes a 503 without its text. */
const statuses: Partial<Record<SwarmErrorCode, number>> = {
  pack_not_found: 404,
  peer_refused: 403,
  peer_busy: 429,
  pack_corrupt: 500,
  protocol_violation: 400,
};
const temporaryCodes: ReadonlySet<SwarmErrorCode> = new Set(['peer_busy', 'source_unavailable']);

export interface HttpError {
  readonly status: number;
  readonly code: SwarmErrorCode;
  readonly text: string;
}

export function httpError(error: unknown): HttpError {
  const code = error instanceof AppError ? (error.code as SwarmErrorCode) : undefined;
  const status = code && statuses[code];
  // Anything else may name local paths.
  if (!code || !status) return { status: 503, code: 'source_unavailable', text: 'the device could not read this pack' };
  return { status, code, text: (error as AppError).message };
}

/** What the other side answered, as the error it stands for. `text` comes from outside: printable characters only. */
export function errorOf(status: number, code: string | undefined, text: string, from: string): SwarmError {
  const known = (Object.keys(statuses) as SwarmErrorCode[]).find((candidate) => candidate === code);
  // Without our header it is whatever answers at that address: a proxy, another IPFS gateway.
  const byStatus = (Object.keys(statuses) as SwarmErrorCode[]).find((candidate) => statuses[candidate] === status && status !== 500);
  const meant = known ?? byStatus ?? 'source_unavailable';
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
  return new SwarmError(meant, `${from}: ${printable || `HTTP status ${status}`}`, {
    status: temporaryCodes.has(meant) ? 'temporary' : 'permanent',
    context: { from },
  });
}
