import { expect, it } from '@jest/globals';
import { Mutex } from './async.ts';

it('one at a time, in the order of asking', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = mutex.run(async () => {
    await gate.promise;
    seen.push('first');
  });
  const second = mutex.run(async () => void seen.push('second'));
  gate.resolve();
  await Promise.all([first, second]);
  expect(seen).toEqual(['first', 'second']);
});

it('who gives up waiting never runs, and the next still waits for those before', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = mutex.run(async () => {
    await gate.promise;
    seen.push('first');
  });
  const impatient = new AbortController();
  const second = mutex.run(async () => void seen.push('second'), { signal: impatient.signal });
  const third = mutex.run(async () => void seen.push('third'));
  impatient.abort(new Error('no patience'));
  await expect(second).rejects.toThrow('no patience');
  expect(seen).toEqual([]);
  gate.resolve();
  await Promise.all([first, third]);
  expect(seen).toEqual(['first', 'third']);
  await expect(mutex.run(async () => 'fourth', { signal: impatient.signal })).rejects.toThrow('no patience');
  expect(await mutex.run(async () => 'fifth')).toBe('fifth');
});
