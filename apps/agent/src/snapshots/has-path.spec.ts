import { describe, expect, it } from '@jest/globals';
import { utf8 } from '#libs/kernel';
import { contentLost, pathNames, VaultError } from '#libs/vault';
import { aVault } from '#libs/vault/testing';
import { hasPath } from './has-path.ts';

const { signal } = new AbortController();

describe('whether a snapshot has a path', () => {
  it('is answered for one that lost the names on the way, so that it keeps nobody from seeing the others', async () => {
    const vault = await aVault();
    await vault.snapshot({ notes: { 'a.txt': utf8('a') } });
    const reader = await vault.open();
    const snapshot = await reader.snapshot(1);
    expect(await hasPath(reader, snapshot, '/home/ann/notes/a.txt', signal)).toBe(true);
    expect(await hasPath(reader, snapshot, '/home/ann/notes/b.txt', signal)).toBe(false);
    const failing = (reason: VaultError) => ({ entry: () => Promise.reject(reason) });
    expect(await hasPath(failing(contentLost(snapshot, pathNames('/home/ann/notes'))), snapshot, '/home/ann/notes/a.txt', signal)).toBe(
      false,
    );
    const away = new VaultError('source_unavailable', 'away', { status: 'temporary' });
    await expect(hasPath(failing(away), snapshot, '/home/ann/notes/a.txt', signal)).rejects.toBe(away);
  });
});
