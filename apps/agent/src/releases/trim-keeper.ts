import type { WantedTrims } from '#libs/contracts';
import { signRelease } from '#libs/crypto';
import { defaultDurabilitySettings, keptByTrims } from '#libs/durability';
import { type DeviceId, isAppError, type PackId } from '#libs/kernel';
import type { PackKind } from '#libs/vault';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { type AgentLog, errorFields } from '../log/agent-log.ts';
import type { SigningOwner } from './signing-owner.ts';
import type { TrimBook } from './trim-book.ts';
import { trimLimits } from './trim-limits.ts';

/** The vault as it stands. */
export interface TrimmedVault {
  readonly headSequence: number;
  readonly kinds: ReadonlyMap<PackId, PackKind>;
}

export interface TrimKeeperPorts extends SigningOwner {
  readonly coordinator: Pick<CoordinatorClient, 'wantedTrims' | 'submitTrim'>;
  readonly book: TrimBook;
  readonly vault: () => Promise<TrimmedVault>;
  /** Devices that signed for the pack. */
  readonly holdersOf: (packId: PackId) => readonly DeviceId[];
  /** A member that neither was revoked nor is about to leave. */
  readonly isStaying: (deviceId: DeviceId) => boolean;
  /** The policy's target: the coordinator's word, so it only ever makes this device keep more. */
  readonly target: () => number;
  /** Whether a device, asked directly, gives a block of the pack that this device draws now. Throws when it can't be asked. */
  readonly shows: (holder: DeviceId, packId: PackId, signal: AbortSignal) => Promise<boolean>;
  readonly log: AgentLog;
}

/**
 * The owner's half of a trim. The coordinator says which copies are too many; this device signs a copy away only when enough other holders, whose
 * receipts it has, have just shown it the pack: as many as the target, and never fewer than three (five of an index pack). It counts none
 * that it let go before. So a coordinator that lies about counts, or that asks for one copy after the other, gets nothing below that.
 */
export class TrimKeeper {
  readonly #ports: TrimKeeperPorts;
  /** When a copy was refused after others had been asked for it, and how often. */
  readonly #refused = new Map<string, { readonly atMs: number; readonly times: number }>();

  constructor(ports: TrimKeeperPorts) {
    this.#ports = ports;
  }

  /** Looks at what is wanted and signs what is right. Throws what the coordinator's client throws for a passing trouble. Returns how many copies it let go. */
  async look(signal: AbortSignal): Promise<number> {
    const { coordinator, vault, nowMs } = this.#ports;
    const wanted = await coordinator.wantedTrims(signal);
    if (wanted.trims.length === 0) return 0;
    for (const [key, { atMs }] of this.#refused) if (nowMs() - atMs >= 2 * trimLimits.refusedMs) this.#refused.delete(key);
    const present = await vault();
    let left = trimLimits.packsPerLook;
    let sequence = wanted.nextSequence;
    let letGo = 0;
    for (const { holderDeviceId, packIds } of wanted.trims) {
      const fresh = packIds.filter((packId) => !this.#rests(`${packId}/${holderDeviceId}`)).slice(0, Math.max(0, left));
      left -= fresh.length;
      const right: PackId[] = [];
      for (const packId of fresh) {
        signal.throwIfAborted();
        if (await this.#isTooMany(packId, holderDeviceId, present, signal)) right.push(packId);
      }
      if (right.length === 0) continue;
      await this.#letGo(right, holderDeviceId, { ...wanted, nextSequence: sequence }, present, signal);
      sequence += 1;
      letGo += right.length;
    }
    return letGo;
  }

  #rests(key: string): boolean {
    const refused = this.#refused.get(key);
    if (!refused) return false;
    const pauseMs = Math.min(trimLimits.refusedMs, trimLimits.firstRefusedMs * 2 ** (refused.times - 1));
    return this.#ports.nowMs() - refused.atMs < pauseMs;
  }

  async #isTooMany(packId: PackId, holder: DeviceId, { kinds }: TrimmedVault, signal: AbortSignal): Promise<boolean> {
    const { book, holdersOf, isStaying, target, deviceId, nowMs, log } = this.#ports;
    const kind = kinds.get(packId);
    if (kind === undefined || holder === deviceId) return false;
    const needed = keptByTrims(kind, { target: target(), minimum: 1 }, defaultDurabilitySettings);
    const others = [...new Set(holdersOf(packId))].filter(
      (other) => other !== holder && other !== deviceId && isStaying(other) && !book.isLetGo(packId, other),
    );
    // That costs nobody anything, and the receipts that are missing may be on their way: asked again, it is looked at again.
    if (others.length < needed) return false;
    let shown = 0;
    for (const [at, other] of others.entries()) {
      if (shown >= needed || shown + others.length - at < needed) break;
      if (await this.#shows(other, packId, signal)) shown += 1;
    }
    const key = `${packId}/${holder}`;
    if (shown >= needed) {
      this.#refused.delete(key);
      return true;
    }
    this.#refused.set(key, { atMs: nowMs(), times: (this.#refused.get(key)?.times ?? 0) + 1 });
    log.write('info', 'a copy that the coordinator calls too many is kept', { packId, holder, shown, needed });
    return false;
  }

  async #shows(holder: DeviceId, packId: PackId, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#ports.shows(holder, packId, AbortSignal.any([signal, AbortSignal.timeout(trimLimits.patienceMs)]));
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  async #letGo(
    packIds: PackId[],
    onlyHolder: DeviceId,
    { nextSequence, generation }: WantedTrims,
    { headSequence, kinds }: TrimmedVault,
    signal: AbortSignal,
  ): Promise<void> {
    const { book, coordinator, teamId, vaultId, deviceId, signingSecretKey, newId, nowMs, log } = this.#ports;
    // On the disk before the signature exists for anybody else.
    await book.add(packIds, onlyHolder, nowMs(), (packId) => kinds.has(packId));
    const body = {
      ...{ teamId, releaseId: newId(), vaultId, ownerDeviceId: deviceId, releaseSequence: nextSequence, headSequence, generation },
      ...{ reason: 'surplus' as const, packIds, atMs: nowMs(), onlyHolder },
    };
    try {
      await coordinator.submitTrim({ trim: signRelease(body, signingSecretKey) }, signal);
      log.write('info', 'copies that were too many are let go', { holder: onlyHolder, packs: packIds.length });
    } catch (error) {
      if (!isAppError(error, 'coordinator_refused') || error.status !== 'permanent') throw error;
      log.write('warn', 'the coordinator no longer wants copies let go', { holder: onlyHolder, ...errorFields(error) });
    }
  }
}
