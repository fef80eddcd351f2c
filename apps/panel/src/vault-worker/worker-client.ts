import { AppError } from '#libs/kernel';
import { PanelError } from './panel-error.ts';
import type { MethodName, VaultWorkerMethods, WorkerReply, WorkerRequest } from './protocol.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** One worker, asked by method; the errors that it reports come back as AppErrors with their code and next step. */
export class VaultWorkerClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'holdfast-keys' });
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor() {
    this.#worker.addEventListener('message', (event: MessageEvent<WorkerReply>) => {
      const reply = event.data;
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      // The type of a value goes with the method that was called under this number.
      if (reply.ok) waiting?.resolve(reply.value as never);
      else
        waiting?.reject(
          new AppError(reply.error.code, reply.error.message, {
            status: reply.error.status,
            ...(reply.error.nextStep === undefined ? {} : { nextStep: reply.error.nextStep }),
          }),
        );
    });
    this.#worker.addEventListener('error', (event) =>
      this.#failAll(
        new PanelError('worker_failed', `The part of the panel that holds the keys could not run: ${event.message}`, {
          nextStep: 'Load the page again.',
        }),
      ),
    );
  }

  call<M extends MethodName>(method: M, input: Parameters<VaultWorkerMethods[M]>[0]): Promise<ReturnType<VaultWorkerMethods[M]>> {
    this.#lastId += 1;
    const request: WorkerRequest = { id: this.#lastId, method, input };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, { transfer: [] });
    });
  }

  /** Ends the worker and with it every key that it held. Whoever still waits is told. */
  close(): void {
    this.#worker.terminate();
    this.#failAll(new PanelError('locked', 'The recovery key was locked.', { nextStep: 'Unlock it again to go on.' }));
  }

  #failAll(error: PanelError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
