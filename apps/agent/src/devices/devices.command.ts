import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { printable, text } from '../output/format.ts';

const args = z.strictObject({});

/** `holdfast devices`: the roster as this machine knows it, and who is connected now. */
export const devicesCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'reader',
  async *run({ agent }) {
    const members = agent.roster.roster?.members ?? [];
    const connected = new Map((agent.swarm.running?.connections() ?? []).map((c) => [c.peer.deviceId, c.kind]));
    for (const m of members) {
      yield {
        event: 'item',
        type: 'device',
        deviceId: m.deviceId,
        name: m.name,
        site: m.site,
        class: m.class,
        state: m.state,
        self: m.deviceId === agent.document.deviceId,
        connection: connected.get(m.deviceId) ?? null,
      };
    }
    yield { event: 'result', command: 'devices', exitCode: exitCodes.done, devices: members.length, rosterVersion: agent.roster.version };
  },
  text: {
    item: (d) =>
      `${text(d['deviceId'])}  ${printable(text(d['name'])).padEnd(20)}  ${text(d['class']).padEnd(11)}  ${text(d['state']).padEnd(8)}  ${d['self'] === true ? 'this machine' : d['connection'] === null ? '' : `connected (${text(d['connection'])})`}`.trimEnd(),
  },
});
