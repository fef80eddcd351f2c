/** A sealing thread: one {@link FileSealer} with its own open packs. Only look-ups, finished packs and results cross over. */
import { parentPort, workerData } from 'node:worker_threads';
import { nodePrimitives } from '#libs/crypto/node-primitives';
import { isAppError, messageOf, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { currentPlatform } from '../platform/index.ts';
import { lowerThisThread } from '../platform/thread-priority.ts';
import { FileSealer } from './file-sealer.ts';
import { FileSpool } from './file-spool.ts';
import type { FromWorker, ToWorker, WorkerStart } from './seal-messages.ts';
import { receiveJobs, sendOutcomes } from './batch-in-thread.ts';
import { StoreFailure } from './store-failure.ts';

const port = parentPort!;
const { vault, stop, stagingFolder, giveWay, sealedBytes } = workerData as WorkerStart;
if (giveWay) lowerThisThread();
const signal = {
  get aborted() {
    return Atomics.load(stop, 0) === 1;
  },
  reason: undefined,
};
const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

let answer: ((message: ToWorker) => void) | undefined;
const ask = (question: FromWorker, transfer: ArrayBuffer[]): Promise<ToWorker> =>
  new Promise((resolve) => {
    answer = resolve;
    post(question, transfer);
  });

const sealer = new FileSealer({
  vault,
  primitives: nodePrimitives(),
  random: systemRandom,
  platform: currentPlatform(),
  sealedBytes,
  ports: {
    claim: async (ids) => {
      const reply = await ask({ type: 'claim', ids }, []);
      if (reply.type !== 'claimed') throw new Error(`unexpected answer ${reply.type}`);
      return reply.flags;
    },
    store: async (pack) => {
      // Moved, not copied: nobody here needs it any more.
      const reply = await ask({ type: 'store', pack }, 'bytes' in pack ? [pack.bytes.buffer as ArrayBuffer] : []);
      if (reply.type !== 'stored' || !reply.ok) throw new Error('the store failed');
    },
    newSpool: stagingFolder === undefined ? undefined : () => FileSpool.create(nodeFiles, stagingFolder),
  },
});

/** The next batch waits here already while one is sealed. */
let turn: Promise<void> = Promise.resolve();

port.on('message', (message: ToWorker) => {
  if (message.type === 'claimed' || message.type === 'stored') {
    const resolve = answer;
    answer = undefined;
    resolve?.(message);
    return;
  }
  turn = turn
    .then(() => work(message))
    .catch((error: unknown) => {
      const what = error instanceof StoreFailure ? 'store' : isAppError(error, 'interrupted') ? 'interrupted' : 'mistake';
      const cause = error instanceof StoreFailure ? error.cause : error;
      post({ type: 'failed', what, ...(isAppError(cause) && { code: cause.code }), message: messageOf(cause) });
    });
});

async function work(message: Extract<ToWorker, { type: 'seal' | 'seal-part' | 'flush' }>): Promise<void> {
  if (message.type === 'flush') {
    await sealer.flush();
    post({ type: 'flushed' });
    return;
  }
  if (message.type === 'seal-part') {
    const { path, ...job } = message.job;
    // What was a Buffer there is plain bytes here.
    const outcome = await sealer.sealPart({ ...job, path: Buffer.from(path.buffer, path.byteOffset, path.byteLength) }, signal);
    post({ type: 'sealed-part', outcome });
    return;
  }
  post({ type: 'sealed', outcomes: sendOutcomes(await sealer.seal(receiveJobs(message.jobs), signal)) });
}

post({ type: 'ready' });
