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

port.on('message', (message: ToWriter) => {
  let answer: FromWriter;
  const moved: ArrayBuffer[] = [];
  try {
    if (message.type === 'write') {
      const memory = message.run.bytes.buffer as ArrayBuffer;
      answer = { type: 'written', ...writer.write(message.run, signal), memory };
      moved.push(memory);
    } else if (message.type === 'finish') answer = { type: 'written', ...writer.finish(message.target) };
    else answer = { type: 'compared', outcomes: writer.compare(message.jobs, signal) };
  } catch (error) {
    answer = { type: 'failed', error: sentError(error) };
  }
  port.postMessage(answer, moved);
});
