import { hostname, release, type } from 'node:os';
import { z } from 'zod';
import { enrolResponse, teamDocument } from '#libs/contracts';
import { checkJoinFingerprint, type JoinLink, joinLinkOrigin, openTeamDocument, parseJoinLink, type VerifiedTeam } from '#libs/crypto';
import { nodeCryptoReady } from '#libs/crypto/node';
import { isAppError, systemRandom, toBase64Url } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { agentVersion } from '../cli/agent-version.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { certificateDigest, certificatePin } from '../coordinator-client/certificate-pin.ts';
import { jsonRequest } from '../coordinator-client/json-request.ts';
import { PinnedConnections } from '../coordinator-client/pinned-connection.ts';
import { AgentError } from '../errors.ts';
import { refuseOwnData } from '../folders/own-data.ts';
import { missingFolderNotices } from '../folders/missing-folders.ts';
import { agentDocument, rosterState, teamState } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { FolderLock } from '#libs/kernel/node';
import { JsonFile } from '../home/json-file.ts';
import { createIdentity, proofOf, readIdentity } from '../identity/device-identity.ts';
import type { CommandEvent } from '../output/command-event.ts';
import { printable } from '../output/format.ts';
import type { TextForm } from '../output/renderer.ts';
import { RosterKeeper } from '../roster/roster-keeper.ts';
import { createOwnVault } from './create-own-vault.ts';

const args = z.strictObject({
  link: z.string().min(1).max(2000),
  name: z.string().min(1).max(100).optional(),
  folders: z.array(z.string().min(1).max(4096)).max(1000),
  passphrase: z.string().min(1).max(4096).optional(),
});

/**
 * `holdfast join`: enrols this machine. Safe to repeat: keys that an interrupted try made are used again, the
 * coordinator gives the same device for the same key and link, and `agent.json` is written last.
 */
export async function* joinTeam(paths: AgentPaths, given: unknown, signal: AbortSignal): AsyncGenerator<CommandEvent> {
  const parsed = args.safeParse(given);
  if (!parsed.success)
    throw new AgentError('bad_argument', `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`);
  const options = parsed.data;
  refuseOwnData(options.folders, paths.home);
  await nodeCryptoReady();
  const link = parseJoinLink(options.link);
  const lock = await FolderLock.acquire(paths.lock, 'join');
  try {
    const agentFile = new JsonFile(nodeFiles, paths.agent, agentDocument);
    const already = await agentFile.read();
    if (already) {
      throw new AgentError('already_enrolled', `this machine is in a team already, as ${already.name}`, {
        nextStep: 'Nothing is to be done; to join another team use another --home.',
      });
    }
    const { team, document, certificatePin: pin } = await meetCoordinator(link, signal);
    const name = options.name ?? hostname().slice(0, 100);
    const identity =
      (await readIdentity(nodeFiles, paths.identitySeed)) ?? (await createIdentity(nodeFiles, paths.identitySeed, systemRandom));
    const vault = await createOwnVault(paths, identity, team.recoveryKey, options.passphrase);

    const connections = new PinnedConnections(certificatePin(pin));
    const url = joinLinkOrigin(link);
    try {
      const answer = await refusalsByName(() =>
        jsonRequest(new URL(url), connections, {
          method: 'POST',
          path: '/api/v1/agent/enrol',
          body: {
            secret: link.secret,
            name,
            os: `${type()} ${release()}`.slice(0, 100),
            agentVersion,
            peerId: identity.peerId,
            signingKey: identity.signingKey,
            boxKey: identity.boxKey,
            proof: proofOf(identity, 'enrol', link.secret),
          },
          answer: enrolResponse,
          signal,
        }),
      );
      const nowMs = Date.now();
      await new JsonFile(nodeFiles, paths.team, teamState).write({ document, checkedAtMs: nowMs });
      const roster = await RosterKeeper.open(new JsonFile(nodeFiles, paths.roster, rosterState), team.teamId, team.coordinatorKey);
      await roster.accept(answer.roster, nowMs);
      await agentFile.write({
        version: 1,
        deviceId: answer.deviceId,
        name,
        coordinatorUrl: url,
        certificatePin: pin,
        rootKey: toBase64Url(team.rootKey),
        vaultId: vault.vaultId,
        joinedAtMs: nowMs,
        folders: [...new Set(options.folders)],
      });
      yield* await missingFolderNotices(options.folders);
      const reported = await firstReport(paths, signal);
      yield {
        event: 'result',
        command: 'join',
        exitCode: exitCodes.done,
        deviceId: answer.deviceId,
        name,
        team: team.name,
        teamId: team.teamId,
        vaultId: vault.vaultId,
        coordinator: url,
        home: paths.home,
        folders: options.folders,
        reported,
      };
    } finally {
      connections.destroy();
    }
  } finally {
    await lock.release();
  }
}

/**
 * First contact: learns the team and checks it and this connection's certificate against the link, before anything
 * secret is sent. Throws `fingerprint_mismatch`, `bad_signature`, `coordinator_unreachable`.
 */
async function meetCoordinator(
  link: JoinLink,
  signal: AbortSignal,
): Promise<{ team: VerifiedTeam; document: z.infer<typeof teamDocument>; certificatePin: string }> {
  let shown: Buffer | undefined;
  const connections = new PinnedConnections((certificate) => {
    shown = certificateDigest(certificate);
  });
  try {
    const document = await jsonRequest(new URL(joinLinkOrigin(link)), connections, {
      method: 'GET',
      path: '/api/v1/team',
      answer: teamDocument,
      signal,
    });
    const team = openTeamDocument(document, Date.now());
    checkJoinFingerprint(link.fingerprint, shown!, team.rootKey);
    return { team, document, certificatePin: shown!.toString('base64url') };
  } finally {
    connections.destroy();
  }
}

/** The header goes to the coordinator at once, so that the vault can be opened elsewhere from the first backup on. */
async function firstReport(paths: AgentPaths, signal: AbortSignal): Promise<boolean> {
  const { openAgent } = await import('../runtime/open-agent.ts');
  const { deliverSoon } = await import('../backup/deliver-soon.ts');
  const agent = await openAgent(paths, { role: 'command' });
  try {
    await agent.vault.use((vault) => agent.reporter.reconcile(vault));
    return await deliverSoon(agent, signal);
  } finally {
    await agent.close();
  }
}

/** What a join link is refused with is worth a code of its own. */
async function refusalsByName<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error, 'coordinator_refused')) throw error;
    const problem = error.context['problem'];
    for (const code of ['join_link_used', 'join_link_expired', 'join_link_unknown'] as const) {
      if (problem === code)
        throw new AgentError(code, error.message, { cause: error, nextStep: error.nextStep ?? 'Ask for a new join link.' });
    }
    throw error;
  }
}

export const joinText: TextForm = {
  result: (result) => [
    `joined ${printable(String(result['team']))} as ${printable(String(result['name']))}`,
    `  data folder ${printable(String(result['home']))}`,
    ...(result['reported'] === true ? [] : ['  the coordinator hears of the vault later: it did not answer just now']),
    'next: "holdfast daemon" (or its service), and "holdfast backup" for the first backup',
  ],
};
