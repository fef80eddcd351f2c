import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { vaultOfDevice } from '../reading/vault-documents.ts';

const args = z.strictObject({ device: z.string().min(1).max(100) });

/** Not for people: whether there is a vault of such a machine, before somebody is asked for its passphrase. Fails with `device_not_found`. */
export const vaultKnownCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'reader',
  async *run({ agent, signal }, { device }) {
    const { deviceName } = await vaultOfDevice(agent, device, signal);
    yield { event: 'result', command: 'vault-known', exitCode: exitCodes.done, deviceName };
  },
  text: {},
});
