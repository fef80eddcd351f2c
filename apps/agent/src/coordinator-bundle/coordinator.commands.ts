import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { teamDocument } from '#libs/contracts';
import { openTeamDocument } from '#libs/crypto';
import { fromBase64Url, messageOf, toBase64Url } from '#libs/kernel';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { certificatePin } from '../coordinator-client/certificate-pin.ts';
import { jsonRequest } from '../coordinator-client/json-request.ts';
import { PinnedConnections } from '../coordinator-client/pinned-connection.ts';
import { AgentError } from '../errors.ts';
import { agentDocument } from '../home/agent-document.ts';
import { JsonFile } from '../home/json-file.ts';
import { formatTime, printable, text } from '../output/format.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

const factsOf = (agent: AgentRuntime) => {
  const kept = agent.bundles.newest;
  return {
    url: agent.coordinator.url,
    bundle: kept ? { madeAtMs: kept.facts.madeAtMs, rosterVersion: kept.facts.rosterVersion } : null,
    team: agent.live?.bundle ?? null,
  };
};

const noArgs = z.strictObject({});

/** `holdfast coordinator`: where it is, and what this machine keeps for a new one. */
export const coordinatorCommand = defineCommand<z.infer<typeof noArgs>>({
  args: noArgs,
  access: 'reader',
  async *run({ agent }) {
    yield { event: 'result', command: 'coordinator', exitCode: exitCodes.done, ...factsOf(agent) };
  },
  text: {
    result: (result) => {
      const bundle = result['bundle'] as { madeAtMs: number } | null;
      return [
        `coordinator ${printable(text(result['url']))}`,
        bundle
          ? `  keeps its bundle of ${formatTime(bundle.madeAtMs)}: "holdfast coordinator bundle FILE" copies it out`
          : '  none of its bundles is kept here',
      ];
    },
  },
});

const fileArgs = z.strictObject({ file: z.string().min(1).max(4096) });

/** `holdfast coordinator bundle FILE`: copies out what the coordinator left here. Throws `bundle_missing`, `conflict`. */
export const coordinatorBundleCommand = defineCommand<z.infer<typeof fileArgs>>({
  args: fileArgs,
  access: 'reader',
  async *run({ agent }, { file }) {
    const kept = (await agent.bundles.all())[0];
    if (!kept)
      throw new AgentError('bundle_missing', 'the coordinator has left no bundle on this machine', {
        nextStep: 'Try the other machines of the team, anchors first: at least three keep one.',
      });
    try {
      await writeFile(file, `${JSON.stringify(kept.statement)}\n`, { flag: 'wx', mode: 0o600 });
    } catch (cause) {
      throw new AgentError('bad_argument', `${file} can't be written: ${messageOf(cause)}`, {
        cause,
        nextStep: 'Name a file that is not there yet.',
      });
    }
    yield { event: 'result', command: 'coordinator-bundle', exitCode: exitCodes.done, file, ...factsOf(agent).bundle };
  },
  text: {
    result: (result) => [
      `wrote ${printable(text(result['file']))}: the coordinator's bundle of ${formatTime(Number(result['madeAtMs']))}`,
      'only the recovery kit opens it: "holdfast-coordinator restore FILE --recovery-kit KIT" on the new machine',
    ],
  },
});

const moveArgs = z.strictObject({ address: z.string().min(1).max(300) });

/**
 * `holdfast coordinator move HOST:PORT`: the same coordinator answers at another address. Who answers there must show the certificate that was pinned at join
 * and the team document of this team's root; otherwise nothing changes. Throws `bad_argument`, `pin_mismatch`, `coordinator_unreachable`.
 */
export const coordinatorMoveCommand = defineCommand<z.infer<typeof moveArgs>>({
  args: moveArgs,
  access: 'exclusive',
  async *run({ agent, signal }, { address }) {
    const url = coordinatorUrl(address);
    const before = agent.coordinator.url;
    const connections = new PinnedConnections(certificatePin(agent.document.certificatePin));
    try {
      const document = await jsonRequest(new URL(url), connections, { method: 'GET', path: '/api/v1/team', answer: teamDocument, signal });
      const team = openTeamDocument(document, agent.clock.nowMs(), fromBase64Url(agent.document.rootKey));
      if (toBase64Url(team.coordinatorKey) !== toBase64Url(agent.team.coordinatorKey))
        throw new AgentError('statement_invalid', 'the coordinator that answers there has another key than this machine knows', {
          nextStep: 'Restore the coordinator from its bundle, which has its key; or join this machine again.',
        });
    } finally {
      connections.destroy();
    }
    const file = new JsonFile(agent.files, agent.paths.agent, agentDocument);
    await file.write({ ...((await file.read()) ?? agent.document), coordinatorUrl: url });
    agent.coordinator.moveTo(url);
    yield { event: 'result', command: 'coordinator-move', exitCode: exitCodes.done, before, url };
  },
  text: { result: (result) => [`the coordinator is now looked for at ${printable(text(result['url']))}`] },
});

/** `https://host:port` of what a person types: `host`, `host:port`, or a whole address. Throws `bad_argument`. */
export function coordinatorUrl(address: string): string {
  const given = /^https:\/\//i.test(address) ? address : `https://${address}`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || url.username !== '' || url.password !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new AgentError('bad_argument', `"${printable(address)}" is no address of a coordinator`, {
      nextStep: 'Write HOST:PORT, such as backup.example.org:8443.',
    });
  return `https://${url.hostname}:${url.port === '' ? 443 : url.port}`;
}
