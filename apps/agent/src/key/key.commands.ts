import { z } from 'zod';
import { nodePrimitives } from '#libs/crypto/node';
import type { LocalVault } from '#libs/engine';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { formatTime, printable, text } from '../output/format.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

const listArgs = z.strictObject({});
const addArgs = z.strictObject({ label: z.string().min(1).max(100), passphrase: z.string().min(1).max(4096) });
const removeArgs = z.strictObject({ slotId: z.string().min(1).max(100) });

/** Shorter ones are guessed from the header, which holders keep. */
const minPassphraseCharacters = 8;

/** `holdfast key list` */
export const keyListCommand = defineCommand<z.infer<typeof listArgs>>({
  args: listArgs,
  access: 'exclusive',
  async *run({ agent }) {
    const slots = await agent.vault.use(async (vault) =>
      vault.header.slots.map(({ slotId, kind, label, createdAtMs }) => ({ slotId, kind, label, createdAtMs })),
    );
    for (const slot of slots) yield { event: 'item', type: 'key', ...slot };
    yield { event: 'result', command: 'key list', exitCode: exitCodes.done, keys: slots.length };
  },
  text: {
    item: (k) =>
      `${text(k['slotId'])}  ${text(k['kind']).padEnd(10)}  ${formatTime(Number(k['createdAtMs']))}  ${printable(text(k['label']))}`,
  },
});

/** `holdfast key add-passphrase`: the packs stay as they are, only the header changes. */
export const keyAddPassphraseCommand = defineCommand<z.infer<typeof addArgs>>({
  args: addArgs,
  access: 'exclusive',
  async *run({ agent, signal }, { label, passphrase }) {
    if (passphrase.length < minPassphraseCharacters) {
      throw new AgentError('passphrase_too_short', `a passphrase needs at least ${minPassphraseCharacters} characters`, {
        nextStep: 'Take several words.',
      });
    }
    const { addSlot } = await import('#libs/vault');
    const before = await agent.vault.use(async (vault) => new Set(vault.header.slots.map((s) => s.slotId)));
    const reported = await changeHeader(agent, signal, async (change) => addSlot(change, { kind: 'passphrase', passphrase, label }));
    const added = await agent.vault.use(async (vault) => vault.header.slots.find((s) => !before.has(s.slotId)));
    yield { event: 'result', command: 'key add-passphrase', exitCode: exitCodes.done, slotId: added?.slotId ?? null, label, reported };
  },
  text: { result: (r) => [`added ${text(r['slotId'])}${r['reported'] === true ? '' : ' (the coordinator is told later)'}`] },
});

/** `holdfast key remove ID` */
export const keyRemoveCommand = defineCommand<z.infer<typeof removeArgs>>({
  args: removeArgs,
  access: 'exclusive',
  async *run({ agent, signal }, { slotId }) {
    const { removeSlot } = await import('#libs/vault');
    const slot = await agent.vault.use(async (vault) => vault.header.slots.find((s) => s.slotId === slotId));
    if (!slot) throw new AgentError('key_not_found', `there is no key ${slotId}`, { nextStep: '"holdfast key list" shows them.' });
    if (slot.kind === 'recovery') {
      throw new AgentError('key_needed', 'the team recovery key stays: without it a lost machine can not be restored', {
        nextStep: 'Ask an admin if the team should change its recovery key.',
      });
    }
    const reported = await changeHeader(agent, signal, async (change) => removeSlot(change, slotId));
    yield { event: 'result', command: 'key remove', exitCode: exitCodes.done, slotId, reported };
  },
  text: { result: (r) => [`removed ${text(r['slotId'])}: copies of the old header that somebody kept still open with it`] },
});

type HeaderChange = Parameters<typeof import('#libs/vault').addSlot>[0];

/** Puts the changed header in place and tells the coordinator; false when it hears of it later. */
async function changeHeader(
  agent: AgentRuntime,
  signal: AbortSignal,
  change: (now: HeaderChange) => Promise<Uint8Array>,
): Promise<boolean> {
  await agent.vault.use(async (vault: LocalVault) => {
    const changed = await change({
      primitives: nodePrimitives(),
      random: agent.random,
      nowMs: agent.clock.nowMs(),
      headerBytes: vault.headerBytes,
      masterKey: await agent.vault.masterKey(),
      signingKeyPair: agent.identity.signing,
    });
    await vault.replaceHeader(changed);
    await agent.reporter.reconcile(vault);
  });
  return deliverSoon(agent, signal);
}
