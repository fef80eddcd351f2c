import type { EntryPath, VaultWorkerMethods } from '../vault-worker/protocol.ts';
import type { FileSink } from './file-sink.ts';

type Ask = <M extends 'openFile' | 'readNext' | 'closeFile'>(
  method: M,
  input: Parameters<VaultWorkerMethods[M]>[0],
) => Promise<ReturnType<VaultWorkerMethods[M]>>;

/**
 * Moves one file from the worker, which decrypts and verifies it, into a sink. Memory: two pieces and what the sink
 * keeps. On any failure or when aborted the sink is abandoned and the error thrown.
 */
export async function downloadFile(
  ask: Ask,
  place: { readonly vaultId: string; readonly sequence: number; readonly path: EntryPath },
  sink: FileSink,
  options: { readonly signal: AbortSignal; readonly onProgress: (share: number) => void },
): Promise<void> {
  let readId: number | undefined;
  try {
    const file = await ask('openFile', place);
    readId = file.readId;
    let done = 0;
    for (let next = ask('readNext', { readId }); ;) {
      const bytes = await next;
      options.signal.throwIfAborted();
      if (bytes === null) break;
      done += bytes.length;
      next = ask('readNext', { readId });
      // Awaited below; here only so that a failure while writing is not reported twice.
      next.catch(() => undefined);
      await sink.write(bytes);
      options.onProgress(file.sizeBytes === 0 ? 1 : done / file.sizeBytes);
    }
    await sink.finish();
  } catch (error) {
    if (readId !== undefined) await ask('closeFile', { readId }).catch(() => undefined);
    await sink.abandon().catch(() => undefined);
    throw error;
  }
}
