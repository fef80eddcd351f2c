/** Entry of the web worker: the only place in the panel where private keys and vault keys exist. */
import { isAppError, messageOf } from '#libs/kernel';
import { KeyKeeper, checkKit, makeTeam } from './key-keeper.ts';
import { PanelError } from './panel-error.ts';
import type { MethodName, VaultWorkerMethods, WorkerReply, WorkerRequest } from './protocol.ts';
import { RootKeeper } from './root-keeper.ts';
import { VaultShelf } from './vault-shelf.ts';

const keys = new KeyKeeper();
const root = new RootKeeper();
const shelf = new VaultShelf(keys);
const files = new Map<number, { readonly iterator: AsyncIterator<Uint8Array>; readonly sizeBytes: number; sentBytes: number }>();
let lastReadId = 0;

type Handlers = {
  readonly [M in MethodName]: (
    input: Parameters<VaultWorkerMethods[M]>[0],
  ) => ReturnType<VaultWorkerMethods[M]> | Promise<ReturnType<VaultWorkerMethods[M]>>;
};

const handlers: Handlers = {
  createTeam: makeTeam,
  checkKit,
  unlock: (input) => keys.unlock(input),
  openRoot: (input) => root.open(input),
  signRootRelease: (input) => root.sign(input),
  openVault: (input) => shelf.openVault(input),
  list: (input) => shelf.list(input),
  measure: (input) => shelf.measure(input),
  sealOrder: (input) => shelf.sealOrder(input),
  async openFile(input) {
    const { entry, bytes } = await shelf.openFile(input);
    lastReadId += 1;
    files.set(lastReadId, { iterator: bytes[Symbol.asyncIterator](), sizeBytes: entry.size, sentBytes: 0 });
    return { readId: lastReadId, sizeBytes: entry.size };
  },
  async readNext({ readId }) {
    const file = files.get(readId);
    if (file === undefined) return null;
    const next = await file.iterator.next();
    if (next.done !== true) {
      file.sentBytes += next.value.length;
      // A copy of its own: what is transferred is gone here.
      return new Uint8Array(next.value);
    }
    files.delete(readId);
    if (file.sentBytes !== file.sizeBytes)
      throw new PanelError('file_incomplete', `The file has ${file.sizeBytes} bytes, but ${file.sentBytes} came.`, {
        nextStep: 'Do not use what was saved; try another snapshot.',
      });
    return null;
  },
  async closeFile({ readId }) {
    const file = files.get(readId);
    files.delete(readId);
    await file?.iterator.return?.();
    return null;
  },
};

async function answer({ id, method, input }: WorkerRequest): Promise<WorkerReply> {
  try {
    return { id, ok: true, value: await (handlers[method] as (input: unknown) => unknown)(input) };
  } catch (error) {
    const known = isAppError(error) ? error : undefined;
    return {
      id,
      ok: false,
      error: {
        code: known?.code ?? 'worker_failed',
        message: messageOf(error),
        nextStep: known?.nextStep,
        status: known?.status ?? 'permanent',
      },
    };
  }
}

self.addEventListener('message', (event: MessageEvent<WorkerRequest>) => {
  void answer(event.data).then((reply) => {
    const transfer = reply.ok && reply.value instanceof Uint8Array ? [reply.value.buffer as ArrayBuffer] : [];
    self.postMessage(reply, { transfer });
  });
});
