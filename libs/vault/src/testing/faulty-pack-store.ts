import type { PackId } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import type { PackStore } from '../ports.ts';

/**
 * What goes wrong at a call. fail: it throws `source_unavailable`; full: `put` throws `store_full`; tear: the answer ends
 * early (a `put` stores nothing and throws); flip: one bit of what is read is wrong; stall: nothing ever comes, until the
 * caller's signal aborts.
 */
export type Fault = 'fail' | 'full' | 'tear' | 'flip' | 'stall';

export type FaultyCall = 'put' | 'has' | 'size' | 'ids' | 'delete' | 'rootBlock' | 'leaf';

export interface FaultRule {
  /** Counted from 1 over the calls that the rule is about; every one from there on when `lasting`. */
  readonly atCall: number;
  readonly lasting?: boolean;
  readonly fault: Fault;
  /** Default: any. Every leaf served counts as one call. */
  readonly on?: FaultyCall;
  /** Default: any. */
  readonly packId?: PackId;
}

/** A pack store that misbehaves at the n-th call, for whatever stands on it. */
export function faultyPackStore(
  inner: PackStore,
  rules: readonly FaultRule[],
): PackStore & { readonly calls: ReadonlyMap<FaultyCall, number> } {
  const calls = new Map<FaultyCall, number>();
  const counts = rules.map(() => 0);
  const faultAt = (call: FaultyCall, packId: PackId | undefined): Fault | undefined => {
    calls.set(call, (calls.get(call) ?? 0) + 1);
    let fault: Fault | undefined;
    for (const [i, rule] of rules.entries()) {
      if ((rule.on ?? call) !== call || (rule.packId ?? packId) !== packId) continue;
      counts[i]! += 1;
      if (counts[i] === rule.atCall || (rule.lasting && counts[i]! > rule.atCall)) fault ??= rule.fault;
    }
    return fault;
  };
  const fail = (call: FaultyCall): VaultError => new VaultError('source_unavailable', `injected fault at ${call}`, { status: 'temporary' });
  const before = async (call: FaultyCall, packId: PackId | undefined, signal: AbortSignal | undefined): Promise<Fault | undefined> => {
    const fault = faultAt(call, packId);
    if (fault === 'full') throw new VaultError('store_full', 'injected fault: no space left');
    if (fault === 'fail') throw fail(call);
    if (fault === 'stall') {
      await new Promise((_, reject) => {
        if (signal?.aborted) reject(signal.reason as Error);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    return fault;
  };
  return {
    name: `faulty ${inner.name}`,
    calls,
    async put(pack, options = {}) {
      if ((await before('put', pack.packId, options.signal)) === 'tear') throw fail('put');
      await inner.put(pack, options);
    },
    async has(packId) {
      await before('has', packId, undefined);
      return inner.has(packId);
    },
    async size(packId) {
      await before('size', packId, undefined);
      return inner.size(packId);
    },
    async *ids(options = {}) {
      const fault = await before('ids', undefined, options.signal);
      for await (const packId of inner.ids(options)) {
        if (fault === 'tear') throw fail('ids');
        yield packId;
      }
    },
    async delete(packId) {
      await before('delete', packId, undefined);
      await inner.delete(packId);
    },
    async rootBlock(packId, options = {}) {
      const fault = await before('rootBlock', packId, options.signal);
      const block = await inner.rootBlock(packId, options);
      return fault === 'tear' ? block.slice(0, block.length >> 1) : fault === 'flip' ? flipped(block) : block;
    },
    async *leaves(packId, first, count, options = {}) {
      for await (const leaf of inner.leaves(packId, first, count, options)) {
        const fault = await before('leaf', packId, options.signal);
        if (fault === 'tear') {
          yield leaf.slice(0, leaf.length >> 1);
          return;
        }
        yield fault === 'flip' ? flipped(leaf) : leaf;
      }
    },
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[out.length >> 1]! ^= 0x10;
  return out;
}
