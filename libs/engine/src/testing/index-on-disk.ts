import type { LocalVault } from '../local-vault/local-vault.ts';
import type { VaultFixture } from './vault-fixture.ts';

/** Where the index that a vault wrote finds a chunk elsewhere than the one in its memory, which decides what is needed. None: []. */
export async function describesWhatItKnows(fixture: VaultFixture, vault: LocalVault): Promise<string[]> {
  const { reader } = await fixture.reader(vault, [vault.options.store]);
  const differences: string[] = [];
  for (const { id, ordinal } of vault.index.entries()) {
    if (vault.isUncommitted(ordinal)) continue;
    const written = reader.locate(id)?.ordinal;
    if (written !== ordinal) differences.push(`${Buffer.from(id).toString('hex', 0, 4)} is in ${ordinal}, written as in ${written}`);
  }
  for (const { id, ordinal } of reader.index.entries())
    if (!vault.index.has(id)) differences.push(`${Buffer.from(id).toString('hex', 0, 4)} is written as in ${ordinal}, and unknown`);
  return differences;
}
