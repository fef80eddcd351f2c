import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { toBase64Url, toHex, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { TeamKeys } from './index.ts';
import {
  cryptoReady,
  newBoxKeyPair,
  newSigningKeyPair,
  openRecoveryKit,
  passphraseCosts,
  readRecoveryKit,
  sealRecoveryKit,
  sha256,
} from './index.ts';

const golden = (
  JSON.parse(readFileSync(new URL('vectors/keys.json', import.meta.url), 'utf8')) as {
    recoveryKit: { passphrase: string; text: string; rootSeed: string; recoverySecretKey: string };
  }
).recoveryKit;
const cost = { memoryKiB: 8, passes: 1 };
const random = seededRandom(31);
let keys: TeamKeys;
let kit: string;
beforeAll(async () => {
  await cryptoReady();
  keys = {
    teamId: '0b8f2f3c-5d3e-4c51-9a39-3a1f0f3f9a11',
    name: 'Werkstatt "Süd" & Co',
    createdAtMs: Date.UTC(2026, 10, 22, 17, 0, 0, 123),
    root: newSigningKeyPair(random),
    recovery: newBoxKeyPair(random),
  };
  kit = await sealRecoveryKit(keys, 'correct horse', { cost, random });
});
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'opened',
    (error: { code?: string }) => error.code ?? 'no code',
  );

/** Changes fields and mends the check, as somebody would who wants to deceive. */
const forge = (changes: Record<string, unknown>): string => {
  const parts = { ...(JSON.parse(kit) as Record<string, unknown>), ...changes } as Record<string, unknown> & {
    argon2id: { memoryKiB: number; passes: number };
  };
  const list = [
    parts.holdfast,
    parts.version,
    parts.about,
    parts.team,
    parts.teamId,
    parts.created,
    parts.argon2id.memoryKiB,
    parts.argon2id.passes,
    parts.sealed,
  ];
  return JSON.stringify({ ...parts, check: toBase64Url(sha256(utf8(JSON.stringify(list))).subarray(0, 16)) });
};

describe('recovery kits', () => {
  it('open the golden kit', async () => {
    const opened = await openRecoveryKit(golden.text, golden.passphrase);
    expect(toHex(opened.root.secretKey.subarray(0, 32))).toBe(golden.rootSeed);
    expect(toHex(opened.recovery.secretKey)).toBe(golden.recoverySecretKey);
  });

  it('give back the very same keys', async () => {
    expect(await openRecoveryKit(kit, 'correct horse')).toEqual(keys);
  });

  it('are not handed out when they could not be read back', async () => {
    for (const change of [{ name: 'x'.repeat(101) }, { name: '' }, { createdAtMs: 8_640_000_000_000_000 }, { teamId: 'x' }]) {
      expect(await codeOf(sealRecoveryKit({ ...keys, ...change }, 'correct horse', { cost, random }))).toBe('bad_kit');
    }
  });

  it('say whose they are in clear, and nothing secret', () => {
    expect(readRecoveryKit(kit)).toEqual({ team: keys.name, teamId: keys.teamId, createdAtMs: keys.createdAtMs });
    expect(kit).toContain('"created": "2026-11-22T17:00:00.123Z"');
    expect(kit).toContain('Keep it offline');
    for (const secret of [keys.root.secretKey.subarray(0, 32), keys.recovery.secretKey]) {
      expect(kit).not.toContain(toBase64Url(secret));
      expect(kit).not.toContain(toHex(secret));
    }
  });

  it('say wrong_passphrase for a wrong passphrase', async () => {
    for (const wrong of ['Correct horse', 'correct horse ', '']) expect(await codeOf(openRecoveryKit(kit, wrong))).toBe('wrong_passphrase');
  });

  it('say bad_kit when torn at any place', async () => {
    for (let length = 0; length < kit.trimEnd().length; length += 1)
      expect(await codeOf(openRecoveryKit(kit.slice(0, length), 'correct horse'))).toBe('bad_kit');
  });

  it('say bad_kit for any edit that changes what it says', async () => {
    const at = fc.nat(kit.length - 1);
    await fc.assert(
      fc.asyncProperty(at, fc.string({ unit: 'binary', minLength: 0, maxLength: 3 }), fc.nat(3), async (position, insert, removed) => {
        const edited = kit.slice(0, position) + insert + kit.slice(position + removed);
        let unchanged = false;
        try {
          unchanged = JSON.stringify(JSON.parse(edited)) === JSON.stringify(JSON.parse(kit));
        } catch {
          // Not JSON any more.
        }
        expect(await codeOf(openRecoveryKit(edited, 'correct horse'))).toBe(unchanged ? 'opened' : 'bad_kit');
      }),
      { numRuns: 500 },
    );
  });

  it('survive what editors and mail programs do to white space', async () => {
    for (const text of [`\uFEFF${kit}`, kit.replaceAll('\n', '\r\n'), `\n\n${kit}\n\n`, JSON.stringify(JSON.parse(kit))]) {
      expect((await openRecoveryKit(text, 'correct horse')).teamId).toBe(keys.teamId);
    }
  });

  it('notice a header that was edited with its check mended', async () => {
    expect(await codeOf(openRecoveryKit(forge({}), 'correct horse'))).toBe('opened');
    const edits: Record<string, unknown>[] = [
      { team: 'Another team' },
      { teamId: '0b8f2f3c-5d3e-4c51-9a39-3a1f0f3f9a12' },
      { created: '2026-11-22T17:00:00.124Z' },
      { argon2id: { memoryKiB: 9, passes: 1 } },
      { argon2id: { memoryKiB: 8, passes: 2 } },
    ];
    for (const edit of edits) expect(await codeOf(openRecoveryKit(forge(edit), 'correct horse'))).toBe('bad_kit');
  });

  it('refuse hostile costs, unknown versions, foreign and endless files', async () => {
    const sealed = (memoryKiB: number, passes: number): string => {
      const bytes = Buffer.from((JSON.parse(kit) as { sealed: string }).sealed, 'base64url');
      bytes.writeUInt32LE(passes, 1);
      bytes.writeUInt32LE(memoryKiB, 5);
      return forge({ sealed: bytes.toString('base64url'), argon2id: { memoryKiB, passes } });
    };
    const texts = [
      sealed(4_000_000_000, 1),
      sealed(65_536, 4_000_000),
      forge({ sealed: 'AQ' }),
      forge({ extra: 1 }),
      forge({ version: 2 }),
      '',
      'null',
      '[]',
      '{}',
      '"recovery-kit"',
      '['.repeat(60_000),
      'x'.repeat(100_000),
    ];
    for (const text of texts) expect(await codeOf(openRecoveryKit(text, 'correct horse'))).toBe('bad_kit');
    await expect(openRecoveryKit(forge({ version: 2 }), 'x')).rejects.toMatchObject({ nextStep: 'Update Holdfast.' });
  });

  it('are made at the strong cost unless told otherwise', async () => {
    const strong = await sealRecoveryKit(keys, 'correct horse', { random });
    expect((JSON.parse(strong) as { argon2id: unknown }).argon2id).toEqual(passphraseCosts.strong);
    expect(await openRecoveryKit(strong, 'correct horse')).toEqual(keys);
  }, 60_000);
});
