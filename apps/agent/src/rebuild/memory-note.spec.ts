import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import type { SignedStatement } from '#libs/contracts';
import type { JsonFile } from '../home/json-file.ts';
import { MemoryNote, memoryIdOf, type memoryState } from './memory-note.ts';

type State = z.infer<typeof memoryState>;
const aWord = (memoryId: string, mark: number): SignedStatement => ({
  ...{ type: 'memory', signature: 'A'.repeat(86) },
  payload: Buffer.from(JSON.stringify({ teamId: crypto.randomUUID(), memoryId, mark })).toString('base64url'),
});
const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
const minute = 60_000;

function aFile(kept?: State) {
  let writes = 0;
  const file = {
    read: async () => kept,
    write: async (state: State) => {
      kept = state;
      writes += 1;
    },
  } as unknown as JsonFile<State>;
  return { file, writes: () => writes, kept: () => kept };
}

describe('the note of how far the coordinator was', () => {
  it('is the newest that came, though the disk may lag ten minutes behind', async () => {
    const { file, writes, kept } = aFile();
    const note = await MemoryNote.open(file);
    expect(note.statement).toBeNull();
    const words = Array.from({ length: 20 }, (_, n) => aWord(first, n + 1));
    for (const [n, word] of words.entries()) await note.keep(word, (n + 1) * minute);
    expect(note.statement).toBe(words.at(-1));
    expect(writes()).toBe(2);
    expect(memoryIdOf(kept()!.statement)).toBe(first);
  });

  it('is on the disk at once when the coordinator has begun anew', async () => {
    const { file, kept } = aFile({ statement: aWord(first, 5), writtenAtMs: minute });
    const note = await MemoryNote.open(file);
    await note.keep(aWord(second, 1), minute + 1);
    expect(memoryIdOf(kept()!.statement)).toBe(second);
  });

  it('counts as none when it can not be read', async () => {
    const file = { read: () => Promise.reject(new Error('torn')) } as unknown as JsonFile<State>;
    expect((await MemoryNote.open(file)).statement).toBeNull();
  });

  it.each(['', 'AAAA', Buffer.from('{"memoryId":7}').toString('base64url'), Buffer.from('null').toString('base64url')])(
    'says no id for %j',
    (payload) => expect(memoryIdOf({ type: 'memory', payload, signature: '' })).toBeUndefined(),
  );
});
