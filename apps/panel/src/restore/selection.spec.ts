import { describe, expect, it } from '@jest/globals';
import { utf8 } from '#libs/kernel';
import type { Selection } from './selection.ts';
import { coveredBy, maxChosen, nameOfPath, toggle } from './selection.ts';

const path = (text: string): Uint8Array[] => text.split('/').filter(Boolean).map(utf8);
const choose = (...texts: string[]): Selection => texts.reduce<Selection>((selection, text) => toggle(selection, path(text)), new Map());

describe('choosing what to restore', () => {
  it('adds and removes', () => {
    expect([...choose('/home/ada/a', '/home/ada/b').keys()]).toEqual(['/home/ada/a', '/home/ada/b']);
    expect([...choose('/home/ada/a', '/home/ada/a').keys()]).toEqual([]);
  });

  it('lets a folder stand for what is below it, but not for what only begins alike', () => {
    const selection = choose('/home/ada/x', '/home/adam', '/home/ada');
    expect([...selection.keys()]).toEqual(['/home/adam', '/home/ada']);
    expect(coveredBy(selection, path('/home/ada/x/y'))).toBe('/home/ada');
    expect(coveredBy(selection, path('/home/adele'))).toBeUndefined();
    expect(coveredBy(selection, path('/home/ada'))).toBeUndefined();
  });

  it('leaves out names that no text can say', () => {
    expect(toggle(new Map(), [utf8('home'), Uint8Array.of(0xff, 0xfe)]).size).toBe(0);
  });

  it('never names more than one restore may', () => {
    const all = choose(...Array.from({ length: maxChosen + 5 }, (_, i) => `/f/${i}`));
    expect(all.size).toBe(maxChosen);
  });

  it('names the root', () => {
    expect([nameOfPath([]), nameOfPath(path('/a/b'))]).toEqual(['/', 'b']);
  });
});
