import { argon2Verify } from 'hash-wasm';
import { describe, expect, it } from '@jest/globals';
import { hashPassword, verifyPassword } from './index.ts';

const cost = { memoryKiB: 64, passes: 1 };

describe('password hashes', () => {
  it('verify their own password only, however its letters were composed', async () => {
    const stored = await hashPassword('Käse und Brot', { cost });
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword(stored, 'Käse und Brot')).toBe(true);
    expect(await verifyPassword(stored, 'Ka\u0308se und Brot')).toBe(true);
    for (const wrong of ['Käse und Brot ', 'käse und brot', '', 'x'.repeat(10_000)])
      expect(await verifyPassword(stored, wrong)).toBe(false);
  });

  it('are standard PHC strings, salted afresh each time', async () => {
    const stored = await hashPassword('password one', { cost });
    expect(await argon2Verify({ password: 'password one', hash: stored })).toBe(true);
    expect(await hashPassword('password one', { cost })).not.toBe(stored);
  });

  it('default to 64 MiB', async () => {
    const stored = await hashPassword('password one');
    expect(stored).toContain('$m=65536,t=2,p=1$');
  });

  it.each([
    undefined,
    '',
    'plain text password',
    '$argon2id$v=19$m=4194304000,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=1048577,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=65536,t=999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    `$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(100_000)}$A`,
  ])('are false, and no error, for an account without a usable one: %.40s', async (stored) => {
    expect(await verifyPassword(stored, 'any password')).toBe(false);
  });

  it('refuse an empty password and a cost out of bounds', async () => {
    await expect(hashPassword('', { cost })).rejects.toMatchObject({ code: 'bad_passphrase' });
    await expect(hashPassword('long enough', { cost: { memoryKiB: 2 ** 31, passes: 1 } })).rejects.toMatchObject({ code: 'bad_box' });
  });
});
