import { z } from 'zod';
import { deviceId, devicePolicy, publicKey, signedStatement, teamDocument, timeMs, vaultId } from '#libs/contracts';

/** `agent.json`: written last by `join`, so that its presence means "enrolled". */
export const agentDocument = z.strictObject({
  version: z.literal(1),
  deviceId,
  name: z.string().min(1).max(100),
  /** `https://host:port` */
  coordinatorUrl: z.url().max(300),
  /** SHA-256 of the coordinator's TLS certificate (DER), base64url. */
  certificatePin: publicKey,
  /** Ed25519 public key of the team root: what everything else is checked against. */
  rootKey: publicKey,
  vaultId,
  joinedAtMs: timeMs,
  /** Folders that this machine named itself, at join or with `holdfast folders`; they add to the policy's. */
  folders: z.array(z.string().min(1).max(4096)).max(1000),
});
export type AgentDocument = z.infer<typeof agentDocument>;

/** `team.json`: the statements signed by the root. */
export const teamState = z.strictObject({ document: teamDocument, checkedAtMs: timeMs });

/** `roster.json`: the newest roster that this device has seen. */
export const rosterState = z.strictObject({ statement: signedStatement, receivedAtMs: timeMs });

/** `policy.json` */
export const policyState = z.strictObject({
  policy: devicePolicy,
  receivedAtMs: timeMs,
  /** Since when the schedule is this one: earlier fire times are not owed. */
  scheduleSinceMs: timeMs,
});
export type PolicyState = z.infer<typeof policyState>;
