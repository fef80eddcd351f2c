import type { Connection, Stream } from '@libp2p/interface';
import type { Clock } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import { StreamBytes } from '../pack-transfer/stream-bytes.ts';
import { Watchdog } from '../pack-transfer/watchdog.ts';
import { decodeRequest, encodeAnswer, encodeDocuments, readDocuments, requestBytes } from './messages.ts';
import type { VaultDocumentStore } from './store.ts';

export interface VaultDocumentServerOptions {
  readonly membership: Membership;
  readonly mayGiveOut: () => boolean;
  readonly store: VaultDocumentStore;
  readonly limits: TransferLimits;
  readonly clock: Clock;
}

/**
 * The answering side of `/holdfast/vault/1`. Any member may read (what it gets is sealed) while anything is given out at all; what may be put is the
 * store's to say: a `document_invalid` is answered as refused. Memory: the documents of one request, 8 at once per member.
 */
export class VaultDocumentServer {
  readonly #options: VaultDocumentServerOptions;

  constructor(options: VaultDocumentServerOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const { limits, clock, membership } = this.#options;
    const watchdog = new Watchdog(clock, limits.idleTimeoutMs, limits.idleTimeoutMs, (error) => stream.abort(error));
    try {
      watchdog.enter(limits.frameTimeoutMs);
      const bytes = new StreamBytes(stream, { onProgress: () => watchdog.touch() });
      const request = await bytes.read(requestBytes);
      if (!request) return;
      const answer = membership.byPeer(connection.remotePeer.toString()) ? await this.#answer(request, bytes) : encodeAnswer('refused', 0);
      await bytes.write(answer);
      await stream.close({ signal: AbortSignal.timeout(limits.idleTimeoutMs) });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    } finally {
      watchdog.stop();
    }
  }

  async #answer(request: Uint8Array, bytes: StreamBytes): Promise<Uint8Array> {
    const { store, mayGiveOut } = this.#options;
    const { kind, vaultId } = decodeRequest(request);
    if (kind === 'get') {
      if (!mayGiveOut()) return encodeAnswer('refused', 0);
      const documents = await store.get(vaultId);
      if (!documents) return encodeAnswer('none', 0);
      const body = encodeDocuments(documents);
      const answer = new Uint8Array(9 + body.length);
      answer.set(encodeAnswer('here', documents.sequence));
      answer.set(body, 9);
      return answer;
    }
    const offered = await readDocuments(vaultId, (length) => bytes.read(length));
    try {
      return encodeAnswer('here', await store.put(offered));
    } catch (error) {
      if (error instanceof SwarmError && error.code === 'document_invalid') return encodeAnswer('refused', 0);
      throw error;
    }
  }
}
