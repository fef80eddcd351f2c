import { decodeErrorPayload, messages } from './wire-messages.ts';
import type { PackId } from '#libs/kernel';
import { exportCar, importCar, type PackReceiver } from '#libs/swarm';
import { aPack, aVaultId, memoryPackStore } from '#libs/vault/testing';
import { mutateBytes } from './mutate-bytes.ts';
import { type FuzzTarget, target } from './target.ts';

const MiB = 1024 * 1024;
const swarmErrors: FuzzTarget['errors'] = [['SwarmError']];
const { pack: packMessages, documents: documentMessages } = messages;

/** What other devices send: requests, frames and errors of the pack protocol, vault documents, CAR files. */
export async function wireTargets(): Promise<FuzzTarget[]> {
  const pack = await aPack({ plainBytes: 1_500 });
  const store = memoryPackStore();
  await store.put(pack);
  const car = new Uint8Array(Buffer.concat(await Array.fromAsync(exportCar(store, pack.packId))));
  const requests = [
    packMessages.encodeRequest({ kind: 'root', packId: pack.packId }),
    packMessages.encodeRequest({ kind: 'leaves', packId: pack.packId, first: 3, count: 9 }),
  ];
  const frames = (['root', 'leaf', 'end', 'error'] as const).map((kind) => packMessages.encodeFrameHeader(kind, 2));
  const documents = [
    documentMessages.encodeDocuments({
      vaultId: aVaultId,
      header: new Uint8Array(200).fill(1),
      head: new Uint8Array(300).fill(2),
      sequence: 9,
    }),
    documentMessages.encodeDocuments({ vaultId: aVaultId, header: new Uint8Array(20).fill(1), head: undefined, sequence: 0 }),
  ];
  const questions = [documentMessages.encodeRequest('get', aVaultId), documentMessages.encodeRequest('put', aVaultId)];
  const answers = [documentMessages.encodeAnswer('none', 5)];
  return [
    target({
      name: 'pack request',
      weight: 6,
      errors: swarmErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, dice.of(requests), requests),
      decode(bytes) {
        // The stream reader gives exactly what the prefix asks for, or ends.
        if (bytes.length < packMessages.requestLengthBytes) return undefined;
        const length = packMessages.requestLength(bytes.subarray(0, 2));
        return packMessages.decodeRequest(bytes.subarray(2, 2 + length));
      },
    }),
    target({
      name: 'pack frame',
      weight: 4,
      errors: swarmErrors,
      memoryBytes: MiB,
      // A reader of the stream hands over five bytes, never fewer.
      input: (dice) => mutateBytes(dice, dice.of(frames), frames).slice(0, 5),
      decode: (bytes) => (bytes.length < packMessages.frameHeaderBytes ? undefined : packMessages.decodeFrameHeader(bytes)),
    }),
    target({
      name: 'pack error',
      accepts: false,
      weight: 2,
      errors: swarmErrors,
      memoryBytes: MiB,
      input: (dice) => dice.bytes(1 + dice.below(201)),
      decode: decodeErrorPayload,
    }),
    target({
      name: 'vault documents',
      weight: 4,
      errors: swarmErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, dice.of(documents), documents),
      decode(bytes) {
        let at = 0;
        return documentMessages.readDocuments(aVaultId, async (length) => {
          at += length;
          return at > bytes.length ? undefined : bytes.slice(at - length, at);
        });
      },
    }),
    target({
      name: 'vault document request',
      weight: 3,
      errors: swarmErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, dice.of(questions), questions).slice(0, 17),
      decode: (bytes) => (bytes.length < 17 ? undefined : documentMessages.decodeRequest(bytes)),
    }),
    target({
      name: 'vault document answer',
      weight: 3,
      errors: swarmErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, dice.of(answers), answers).slice(0, 9),
      decode: (bytes) => (bytes.length < 9 ? undefined : documentMessages.decodeAnswer(bytes)),
    }),
    target({
      name: 'CAR file',
      weight: 2,
      errors: swarmErrors,
      memoryBytes: 4 * MiB,
      input: (dice) => mutateBytes(dice, car, [car]),
      decode: (bytes) =>
        importCar(
          { beginReceive: async (packId, sizeBytes) => receiver(packId, sizeBytes) },
          (async function* () {
            yield bytes;
          })(),
        ),
    }),
  ];
}

/** Takes everything and keeps nothing: the store has its own tests. */
function receiver(packId: PackId, sizeBytes: number): PackReceiver {
  const leafCount = Math.ceil(sizeBytes / MiB);
  const got = new Set<number>();
  return {
    packId,
    sizeBytes,
    leafCount,
    hasRoot: true,
    acceptRoot: async () => undefined,
    acceptLeaf: async (index: number) => void got.add(index),
    missing: () => Array.from({ length: leafCount }, (_, first) => ({ first, count: 1 })).filter(({ first }) => !got.has(first)),
    commit: async () => undefined,
    discard: async () => undefined,
  } as unknown as PackReceiver;
}
