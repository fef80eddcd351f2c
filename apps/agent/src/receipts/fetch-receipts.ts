import type { SignedStatement } from '#libs/contracts';
import { receipt } from '#libs/contracts';
import { peekStatement } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** Fetches receipts that are new since the last time, page by page. Returns how many were kept. */
export async function fetchReceipts(
  agent: Pick<AgentRuntime, 'coordinator' | 'receipts' | 'roster' | 'document' | 'clock'>,
  signal: AbortSignal,
  renewRoster: () => Promise<unknown> = async () => agent.roster.accept(await agent.coordinator.roster(signal), agent.clock.nowMs()),
): Promise<number> {
  const { verifyReceipt } = await import('#libs/swarm');
  const isStrange = (statement: SignedStatement): boolean => {
    try {
      return agent.roster.member(receipt.parse(peekStatement('receipt', statement)).holderDeviceId) === undefined;
    } catch {
      return false;
    }
  };
  let renewed = false;
  const isGenuine = (statement: SignedStatement): boolean => {
    try {
      const claimed = receipt.parse(peekStatement('receipt', statement));
      const holder = agent.roster.member(claimed.holderDeviceId);
      // Our own packs only, and no receipt for keeping one's own pack.
      if (!holder || claimed.ownerDeviceId !== agent.document.deviceId || claimed.holderDeviceId === agent.document.deviceId) return false;
      verifyReceipt(statement, fromBase64Url(holder.signingKey));
      return true;
    } catch {
      return false;
    }
  };
  let kept = 0;
  for (;;) {
    const before = agent.receipts.cursor;
    const page = await agent.coordinator.receipts(before, signal);
    // Who joined while this device slept is in the newest roster only, and what is passed over here is never listed again.
    if (!renewed && page.receipts.some((one) => isStrange(one.receipt))) {
      await renewRoster();
      renewed = true;
    }
    kept += await agent.receipts.add(page, isGenuine);
    if (page.receipts.length === 0 || agent.receipts.cursor <= before) return kept;
  }
}
