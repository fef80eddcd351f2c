import * as pack from '../../libs/swarm/src/pack-transfer/messages.ts';
import * as documents from '../../libs/swarm/src/vault-documents/messages.ts';

/** The codecs under test; libs/swarm does not export them. */
export const messages = { pack, documents };

/** The error that an answer stands for, thrown, as the client does. */
export function decodeErrorPayload(payload: Uint8Array): never {
  throw pack.decodeError(payload, 'fuzzed');
}
