import { describe, expect, it } from '@jest/globals';
import { ReceiptsSync } from './receipts-sync.ts';

describe('what holders signed and what became of it', () => {
  const failing = (what: string) => (): Promise<never> => Promise.reject(new Error(what));
  const make = (over: Partial<ConstructorParameters<typeof ReceiptsSync>[0]> = {}) => {
    const done: string[] = [];
    const state = { isProtected: true, head: 3 };
    const step = (name: string) => async (): Promise<void> => void done.push(name);
    const sync = new ReceiptsSync({
      fetch: step('fetch'),
      look: step('look'),
      asked: () => undefined,
      refresh: async () => {
        done.push('refresh');
        return state.isProtected;
      },
      headSequence: () => state.head,
      spread: step('spread'),
      ...over,
    });
    const run = async (): Promise<string[]> => {
      await sync.run();
      return done.splice(0);
    };
    return { sync, done, state, run };
  };

  it('is looked at and shown though receipts could not be fetched, which is told in the end', async () => {
    const { sync, done } = make({ fetch: failing('no receipts') });
    await expect(sync.run()).rejects.toThrow('no receipts');
    expect(done).toEqual(['look', 'refresh', 'spread']);
  });

  it('is shown though the coordinator did not say what became of copies, which is told in the end', async () => {
    const { sync, done } = make({ look: failing('no copies') });
    await expect(sync.run()).rejects.toThrow('no copies');
    expect(done).toEqual(['fetch', 'refresh', 'spread']);
  });

  it('is told by its first failure when both fail', async () => {
    const { sync, done } = make({ fetch: failing('no receipts'), look: failing('no copies') });
    await expect(sync.run()).rejects.toThrow('no receipts');
    expect(done).toEqual(['refresh', 'spread']);
  });

  it('gives the way in to colleagues once for each head, and again when that failed', async () => {
    let broken = true;
    const { sync, state, run, done } = make({
      spread: async () => {
        if (broken) throw new Error('nobody took it');
        done.push('spread');
      },
    });
    await expect(sync.run()).rejects.toThrow('nobody took it');
    broken = false;
    done.splice(0);
    expect(await run()).toEqual(['fetch', 'look', 'refresh', 'spread']);
    expect(await run()).toEqual(['fetch', 'look', 'refresh']);
    state.isProtected = false;
    state.head = 4;
    expect(await run()).toEqual(['fetch', 'look', 'refresh']);
    state.isProtected = true;
    expect(await run()).toEqual(['fetch', 'look', 'refresh', 'spread']);
  });
});
