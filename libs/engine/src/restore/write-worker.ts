/** A writing thread: one {@link FileWriter}. Sealed bytes come in, outcomes go out; plaintext never leaves it but to the disk. */
import { parentPort, workerData } from 'node:worker_threads';
import { nodePrimitives } from '#libs/crypto/node-primitives';
import { currentPlatform } from '../platform/index.ts';
import { FileWriter } from './file-writer.ts';
import { sentError } from './sent-error.ts';
import type { FromWriter, ToWriter, WriterStart } from './write-messages.ts';

const port = parentPort!;
const { seed, stop } = workerData as WriterStart;
const signal = {
  get aborted() {
    return Atomics.load(stop, 0) === 1;
  },
  reason: undefined,
};
const writer = new FileWriter(currentPlatform(), nodePrimitives(), seed);

port.postMessage({ type: 'ready' } satisfies FromWriter);

/** Answers go in the order of the calls, though a call begins while the one before waits for the disk. */
let answered: Promise<void> = Promise.resolve();

port.on('message', (message: ToWriter) => {
  const working = work(message);
  answered = answered.then(async () => {
    const { answer, moved } = await working;
    port.postMessage(answer, moved);
  });
});

async function work(message: ToWriter): Promise<{ readonly answer: FromWriter; readonly moved: ArrayBuffer[] }> {
  try {
    if (message.type === 'write') {
      const memory = message.run.bytes.buffer as ArrayBuffer;
      return { answer: { type: 'written', ...(await writer.write(message.run, signal)), memory }, moved: [memory] };
    }
    if (message.type === 'finish') return { answer: { type: 'written', ...writer.finish(message.target) }, moved: [] };
    return { answer: { type: 'compared', outcomes: writer.compare(message.jobs, signal) }, moved: [] };
  } catch (error) {
    return { answer: { type: 'failed', error: sentError(error) }, moved: [] };
  }
}
