import { cryptoReady } from '#libs/crypto';
import { statementTargets } from './statement-targets.ts';
import type { FuzzTarget } from './target.ts';
import { vaultTargets } from './vault-targets.ts';
import { wireTargets } from './wire-targets.ts';

/** Every decoder of bytes or text that come from outside this process. */
export async function fuzzTargets(): Promise<FuzzTarget[]> {
  await cryptoReady();
  return [...(await vaultTargets()), ...(await wireTargets()), ...(await statementTargets())];
}
