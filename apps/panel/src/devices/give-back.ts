import type { RootReleasePlan, Session } from '#libs/contracts';
import { releaseView, rootReleasePlan } from '#libs/contracts';
import { call } from '../api/client.ts';
import { VaultWorkerClient } from '../vault-worker/worker-client.ts';

interface Options {
  readonly plan: RootReleasePlan;
  readonly team: Session['team'];
  readonly kit: string;
  readonly passphrase: string;
  /** Before each statement, numbered from 1. */
  readonly onStatement: (number: number) => void;
}

/**
 * Signs with the root of the recovery kit, in a worker that ends with this call, and sends statement after statement until the whole vault is released. Throws
 * what the worker or the coordinator says; what was sent before stays in hold, and the next call goes on from there.
 */
export async function giveBack({ plan, team, kit, passphrase, onStatement }: Options): Promise<void> {
  const { deviceId, vaultId, statements } = plan;
  const path = `devices/${deviceId}/root-release`;
  const worker = new VaultWorkerClient();
  try {
    await worker.call('openRoot', { kit, passphrase, recoveryKey: team.recoveryKey, rootKey: team.rootKey, deviceId, vaultId });
    let draft = plan.next;
    for (let number = 1; draft !== null && number <= statements; number += 1) {
      onStatement(number);
      const release = await worker.call('signRootRelease', { draft, nowMs: Date.now() });
      await call(releaseView, path, { method: 'POST', body: { release } });
      draft = (await call(rootReleasePlan, path)).next;
    }
  } finally {
    worker.close();
  }
}
