import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { controlAddress } from '../control/control-address.ts';

/** Everything that the agent keeps, below one folder of mode 0700. */
export interface AgentPaths {
  readonly home: string;
  /** Who this device is and whom it trusts. */
  readonly agent: string;
  /** Ed25519 seed: the device's identity and libp2p peer id. */
  readonly identitySeed: string;
  /** Master key of this device's vault, for unattended runs. */
  readonly vaultKey: string;
  readonly team: string;
  readonly roster: string;
  readonly policy: string;
  /** What this machine itself says about its backups and what is sent to it: written by a person, see {@link readOwnRules}. */
  readonly backupRules: string;
  readonly runs: string;
  /** The coordinator's word on how far it was. */
  readonly memory: string;
  /** What the coordinator left here for a new one. */
  readonly bundles: string;
  readonly protection: string;
  readonly vault: string;
  readonly ownPacks: string;
  readonly heldPacks: string;
  /** Headers and heads of vaults whose packs are held. */
  readonly heldDocuments: string;
  /** A pack on its way from a holder back into the own store. */
  readonly repairPacks: string;
  /** The same for packs of others. */
  readonly repairHeldPacks: string;
  readonly receipts: string;
  readonly outbox: string;
  /** Releases of own packs, and of packs held for others. */
  readonly releases: string;
  readonly holds: string;
  /** Trims that this device signed, and those of packs that it holds. */
  readonly trims: string;
  readonly trimHolds: string;
  readonly holdClock: string;
  readonly delivered: string;
  readonly pruneState: string;
  /** Until when this device keeps quiet. */
  readonly pause: string;
  /** How far the monthly reading of all packs is. */
  readonly scrub: string;
  /** Packs of others that were found damaged here. */
  readonly damagedCopies: string;
  /** Copies of own packs that count for less than their receipts say. */
  readonly doubtedCopies: string;
  /** Restores from the panel that were carried out. */
  readonly restoreOrders: string;
  readonly lock: string;
  /** Unix socket, or the name of a pipe on Windows. */
  readonly control: string;
  readonly log: string;
}

export function agentPaths(home: string): AgentPaths {
  const at = (...parts: string[]): string => join(home, ...parts);
  return {
    home,
    agent: at('agent.json'),
    identitySeed: at('identity.key'),
    vaultKey: at('vault.key'),
    team: at('team.json'),
    roster: at('roster.json'),
    policy: at('policy.json'),
    backupRules: at('backup.yaml'),
    runs: at('state', 'runs.json'),
    memory: at('state', 'memory.json'),
    bundles: at('state', 'bundles'),
    protection: at('state', 'protection.json'),
    vault: at('vault'),
    ownPacks: at('packs', 'own'),
    heldPacks: at('packs', 'held'),
    heldDocuments: at('packs', 'held-documents'),
    repairPacks: at('packs', 'repair'),
    repairHeldPacks: at('packs', 'repair-held'),
    receipts: at('receipts'),
    outbox: at('state', 'outbox'),
    releases: at('state', 'releases'),
    holds: at('state', 'holds'),
    trims: at('state', 'trims.json'),
    trimHolds: at('state', 'trim-holds'),
    holdClock: at('state', 'hold-clock.json'),
    delivered: at('state', 'delivered.json'),
    pruneState: at('state', 'prune.json'),
    scrub: at('state', 'scrub.json'),
    damagedCopies: at('state', 'damaged-copies.json'),
    doubtedCopies: at('state', 'doubted-copies.json'),
    pause: at('state', 'pause.json'),
    restoreOrders: at('state', 'restore-orders.json'),
    lock: at('lock'),
    control: controlAddress(home),
    log: at('agent.log'),
  };
}

/**
 * `--home`, else `$HOLDFAST_HOME`, else the platform's folder for application data
 * (XDG on Linux, Application Support on macOS, LocalAppData on Windows).
 */
export function resolveHome(
  option: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (option) return resolve(option);
  if (env['HOLDFAST_HOME']) return resolve(env['HOLDFAST_HOME']);
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Holdfast');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Holdfast');
  const xdg = env['XDG_DATA_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.local', 'share'), 'holdfast');
}
