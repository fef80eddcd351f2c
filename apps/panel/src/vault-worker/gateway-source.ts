import type { PackId, VaultId } from '#libs/kernel';
import { AppError } from '#libs/kernel';
import type { BlockSource, ReadOptions } from '#libs/vault';

const leafBytes = 1024 * 1024;
const maxRootBytes = 64 * 1024;
/** One request asks for at most this many leaves: it bounds memory here and at the coordinator. */
const maxLeavesPerCall = 8;

async function bytesOf(url: string, packId: PackId, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { accept: 'application/octet-stream' }, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new AppError('source_unavailable', 'The coordinator can’t be reached.', {
      status: 'temporary',
      nextStep: 'Check the network connection, then try again.',
      cause,
    });
  }
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { code?: unknown; detail?: unknown };
    if (response.status === 404 || problem.code === 'pack_not_found')
      throw new AppError('pack_not_found', 'No holder of a needed pack is known.', { context: { packId } });
    throw new AppError(
      'source_unavailable',
      typeof problem.detail === 'string' ? problem.detail : 'No holder of a needed pack is online now.',
      {
        status: 'temporary',
        context: { packId, httpStatus: response.status },
        nextStep: 'Wait until more colleagues’ machines are switched on, then try again.',
      },
    );
  }
  const declared = Number(response.headers.get('content-length') ?? 0);
  const bytes = declared > maxBytes ? undefined : new Uint8Array(await response.arrayBuffer());
  if (bytes === undefined || bytes.length > maxBytes)
    throw new AppError('source_unavailable', 'The coordinator sent more bytes than were asked for.', { context: { packId } });
  return bytes;
}

/** Packs of one vault as ciphertext, relayed by the coordinator from whichever holder is online. Nothing of it is trusted. */
export function gatewaySource(vaultId: VaultId, baseUrl = '/api/v1'): BlockSource {
  const pack = (packId: PackId): string => `${baseUrl}/vaults/${vaultId}/packs/${packId}`;
  return {
    name: 'coordinator gateway',
    rootBlock: (packId, options) => bytesOf(`${pack(packId)}/root`, packId, maxRootBytes, options?.signal),
    async *leaves(packId: PackId, first: number, count: number, options?: ReadOptions) {
      for (let done = 0; done < count; done += maxLeavesPerCall) {
        const now = Math.min(maxLeavesPerCall, count - done);
        const bytes = await bytesOf(`${pack(packId)}/leaves?first=${first + done}&count=${now}`, packId, now * leafBytes, options?.signal);
        for (let at = 0; at < bytes.length; at += leafBytes) yield bytes.subarray(at, at + leafBytes);
      }
    },
  };
}
