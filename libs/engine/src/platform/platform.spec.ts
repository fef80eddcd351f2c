import { describe, expect, it } from '@jest/globals';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { platformConformance } from './conformance.ts';
import { folderByPath } from './held-folder.ts';
import { currentPlatform, displayPath, type Platform } from './index.ts';

const folder = temporaryFolders();

describe(`platform adapter ${currentPlatform().name}`, () => {
  platformConformance(currentPlatform(), async () => Buffer.from(await folder('platform')));
});

describe('a platform that can not hold folders', () => {
  const platform: Platform = { ...currentPlatform(), holdFolder: (path) => folderByPath(platform, path) };
  platformConformance(platform, async () => Buffer.from(await folder('by-path')));
});

describe('displayPath', () => {
  it.each([
    [Buffer.from('/a/ü'), '/a/ü'],
    [Buffer.from([0x2f, 0xff, 0x61]), '/\\xffa'],
    [Buffer.from([0xc3, 0xbc, 0xc3]), 'ü\\xc3'],
    [Buffer.from([0xed, 0xa0, 0x80]), '\\xed\\xa0\\x80'],
  ])('%s', (bytes, shown) => expect(displayPath(bytes)).toBe(shown));
});
