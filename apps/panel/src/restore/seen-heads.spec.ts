import { describe, expect, it } from '@jest/globals';
import { rememberHead } from './seen-heads.ts';

const memory = (): Pick<Storage, 'getItem' | 'setItem'> => {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
};

describe('heads that this browser has seen', () => {
  it('notices a rollback, vault by vault', () => {
    const storage = memory();
    expect(rememberHead(storage, 'a', 5)).toBe('fresh');
    expect(rememberHead(storage, 'a', 5)).toBe('fresh');
    expect(rememberHead(storage, 'a', 4)).toBe('older-than-seen');
    expect(rememberHead(storage, 'b', 1)).toBe('fresh');
    expect(rememberHead(storage, 'a', 6)).toBe('fresh');
    expect(rememberHead(storage, 'a', 5)).toBe('older-than-seen');
  });

  it('works without storage', () => {
    const refusing = {
      getItem: (): never => {
        throw new DOMException('denied', 'SecurityError');
      },
      setItem: () => undefined,
    };
    expect(rememberHead(refusing, 'a', 1)).toBe('fresh');
  });
});
