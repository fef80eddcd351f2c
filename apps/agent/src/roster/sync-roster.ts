import { type Roster, teamDocument } from '#libs/contracts';
import { openTeamDocument } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { AgentError } from '../errors.ts';
import { teamState } from '../home/agent-document.ts';
import { JsonFile } from '../home/json-file.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** What a newer roster brought. */
export interface NewRoster {
  /** Somebody is out of the team. */
  readonly revokes: boolean;
}

/** Fetches the newest roster and goes by it, in the swarm too. Undefined: the known one is the newest. Throws what its check throws, or the coordinator's client. */
export async function syncRoster(agent: AgentRuntime, signal: AbortSignal): Promise<NewRoster | undefined> {
  const outBefore = revokedIn(agent.roster.roster);
  const newer = await agent.roster.accept(await agent.coordinator.roster(signal), agent.clock.nowMs()).catch(async (error: unknown) => {
    // A renewed coordinator key comes with a new certificate from the same team root.
    if (await renewTeam(agent, signal))
      throw new AgentError('statement_invalid', 'the team document was renewed; restart the daemon to use it', { cause: error });
    throw error;
  });
  if (!newer) return undefined;
  await agent.swarm.running?.setRoster(newer);
  agent.log.write('info', 'new roster', { version: newer.version, members: newer.members.length });
  return { revokes: revokedIn(newer) > outBefore };
}

/** Fetches the team document again, checked against the root; true when its coordinator key is another one now. */
async function renewTeam(agent: AgentRuntime, signal: AbortSignal): Promise<boolean> {
  const file = new JsonFile(nodeFiles, agent.paths.team, teamState);
  const before = await file.read();
  const document = await agent.coordinator.team(signal);
  const nowMs = agent.clock.nowMs();
  const team = openTeamDocument(document, nowMs, fromBase64Url(agent.document.rootKey));
  await file.write({ document: teamDocument.parse(document), checkedAtMs: nowMs });
  const old = before ? openTeamDocument(before.document, before.checkedAtMs, team.rootKey).coordinatorKey : undefined;
  return old === undefined || Buffer.compare(old, team.coordinatorKey) !== 0;
}

const revokedIn = (roster: Roster | undefined): number => roster?.members.filter((member) => member.state === 'revoked').length ?? 0;
