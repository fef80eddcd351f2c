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
    port.postMessage(await working);
  });
});

async function work(message: ToWriter): Promise<FromWriter> {
  try {
    if (message.type === 'write') return { type: 'written', ...(await writer.write(message.run, signal)) };
    if (message.type === 'finish') return { type: 'written', ...writer.finish(message.target) };
    return { type: 'compared', outcomes: writer.compare(message.jobs, signal) };
  } catch (error) {
    return { type: 'failed', error: sentError(error) };
  }
}
