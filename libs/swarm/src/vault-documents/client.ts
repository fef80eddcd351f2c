import type { RosterMember } from '#libs/contracts';
import type { Clock, VaultId } from '#libs/kernel';
import { concatBytes } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Dialer } from '../network/dialer.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import { StreamBytes } from '../pack-transfer/stream-bytes.ts';
import { Watchdog } from '../pack-transfer/watchdog.ts';
import { answerBytes, decodeAnswer, encodeDocuments, encodeRequest, readDocuments, vaultProtocol } from './messages.ts';
import type { VaultDocuments } from './store.ts';

/** The asking side of `/holdfast/vault/1`: one stream per question. Throws `source_unavailable`, `transfer_stalled`, `protocol_violation`. */
export class VaultDocumentClient {
  readonly #dialer: Dialer;
  readonly #limits: TransferLimits;
  readonly #clock: Clock;

  constructor(dialer: Dialer, limits: TransferLimits, clock: Clock) {
    this.#dialer = dialer;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** The sequence that the holder has afterwards. Throws `peer_refused` when it does not keep this vault's documents. */
  async push(device: RosterMember, documents: VaultDocuments, signal?: AbortSignal): Promise<number> {
    const message = concatBytes(encodeRequest('put', documents.vaultId), encodeDocuments(documents));
    return this.#ask(device, message, signal, async (bytes) => {
      const { status, sequence } = await answerOf(bytes, device);
      if (status === 'refused')
        throw new SwarmError('peer_refused', `${device.name} does not keep the documents of vault ${documents.vaultId}`);
      return sequence;
    });
  }

  async fetch(device: RosterMember, vaultId: VaultId, signal?: AbortSignal): Promise<VaultDocuments | undefined> {
    return this.#ask(device, encodeRequest('get', vaultId), signal, async (bytes) => {
      const { status } = await answerOf(bytes, device);
      if (status === 'refused') throw new SwarmError('peer_refused', `${device.name} does not serve the documents of vault ${vaultId}`);
      return status === 'here' ? readDocuments(vaultId, (length) => bytes.read(length)) : undefined;
    });
  }

  async #ask<T>(
    device: RosterMember,
    message: Uint8Array,
    signal: AbortSignal | undefined,
    answer: (bytes: StreamBytes) => Promise<T>,
  ): Promise<T> {
    const stream = await this.#dialer.openStream(device, vaultProtocol, signal);
    const watchdog = new Watchdog(this.#clock, this.#limits.idleTimeoutMs, this.#limits.idleTimeoutMs, (error) => stream.abort(error));
    const onAbort = (): void => stream.abort(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      watchdog.enter(this.#limits.frameTimeoutMs);
      const bytes = new StreamBytes(stream, { onProgress: () => watchdog.touch() });
      await bytes.write(message);
      const result = await answer(bytes);
      await stream.close({ signal: AbortSignal.timeout(this.#limits.idleTimeoutMs) });
      return result;
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      watchdog.stop();
    }
  }
}

async function answerOf(bytes: StreamBytes, device: RosterMember): Promise<ReturnType<typeof decodeAnswer>> {
  const answer = await bytes.read(answerBytes);
  if (!answer) throw new SwarmError('source_unavailable', `${device.name} ended the stream without an answer`, { status: 'temporary' });
  return decodeAnswer(answer);
}
