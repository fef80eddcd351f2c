import { z } from 'zod';
import { type SignedStatement, signedStatement, timeMs } from '#libs/contracts';
import type { JsonFile } from '../home/json-file.ts';

/** `state/memory.json`: how far the coordinator was when this device last heard of it, in its own words. */
export const memoryState = z.strictObject({ statement: signedStatement, writtenAtMs: timeMs });

/** The note grows with every heartbeat; on the disk it may lag behind so long, since only a restart reads it. */
const writeEveryMs = 10 * 60_000;

/**
 * The coordinator's own signed word on how far it was. Shown with each heartbeat, it tells a coordinator whose database was put back or emptied that it
 * has lost something. This device draws no conclusion from it.
 */
export class MemoryNote {
  readonly #file: JsonFile<z.infer<typeof memoryState>>;
  #statement: SignedStatement | null;
  #written: { readonly atMs: number; readonly memoryId: string | undefined };

  private constructor(file: JsonFile<z.infer<typeof memoryState>>, state: z.infer<typeof memoryState> | undefined) {
    this.#file = file;
    this.#statement = state?.statement ?? null;
    this.#written = { atMs: state?.writtenAtMs ?? Number.NEGATIVE_INFINITY, memoryId: state && memoryIdOf(state.statement) };
  }

  /** A note that can't be read counts as none: it is given out again. */
  static async open(file: JsonFile<z.infer<typeof memoryState>>): Promise<MemoryNote> {
    return new MemoryNote(file, await file.read().catch(() => undefined));
  }

  get statement(): SignedStatement | null {
    return this.#statement;
  }

  /** Another memory is on the disk when this resolves. */
  async keep(statement: SignedStatement, nowMs: number): Promise<void> {
    this.#statement = statement;
    const memoryId = memoryIdOf(statement);
    if (memoryId === this.#written.memoryId && Math.abs(nowMs - this.#written.atMs) < writeEveryMs) return;
    await this.#file.write({ statement, writtenAtMs: nowMs });
    this.#written = { atMs: nowMs, memoryId };
  }
}

const body = z.object({ memoryId: z.uuid() });

/** Undefined for what is none: nothing is concluded from it here. */
export function memoryIdOf({ payload }: SignedStatement): string | undefined {
  try {
    return body.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).memoryId;
  } catch {
    return undefined;
  }
}
