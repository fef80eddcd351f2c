import { type Release, release as releaseSchema, type ReleaseStatements, type SignedStatement } from '#libs/contracts';
import { openCancel, openConfirm, openCountersigned, peekStatement, type ReleaseKeys } from '#libs/crypto';
import { type DeviceId, fromBase64Url, isAppError, messageOf, type PackId, type RandomSource, toBase64Url } from '#libs/kernel';
import type { HeldPack, HeldPackStore } from '#libs/swarm';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { AgentError } from '../errors.ts';
import { type AgentLog, errorFields } from '../log/agent-log.ts';
import type { Hold, HoldBook } from './hold-book.ts';
import type { HoldTimer } from './hold-timer.ts';

export interface HoldKeeperPorts {
  readonly coordinator: Pick<CoordinatorClient, 'heldReleases' | 'releaseStatements' | 'confirmRelease' | 'releaseDeleted'>;
  readonly held: Pick<HeldPackStore, 'about' | 'packs'>;
  readonly book: HoldBook;
  readonly timer: HoldTimer;
  readonly deviceId: DeviceId;
  readonly keys: Omit<ReleaseKeys, 'ownerKey'>;
  /** Whether a device is in the team by the newest roster that was seen here. Nothing is given up for one that is; without a roster everybody is. */
  readonly isMember: (deviceId: DeviceId) => boolean;
  readonly random: RandomSource;
  readonly nowMs: () => number;
  /** This device's own minimum. */
  readonly minimumHoldMs: number;
  readonly log: AgentLog;
}

/**
 * The only place that deletes packs of others. A pack goes when all of this is so: its owner signed a release with the key
 * that was known when the pack was stored (or the team root did), the coordinator countersigned that very release, the hold is
 * over by {@link HoldTimer}, no cancel was seen, and the coordinator just confirmed, signed for this device and a fresh
 * nonce, that the pack is still released. Silence, an empty answer or a shorter list delete nothing. The root's word counts only against
 * a device that is out of the team: otherwise whoever has the kit could be led to sign a colleague's vault away unseen.
 */
export class HoldKeeper {
  readonly #ports: HoldKeeperPorts;

  constructor(ports: HoldKeeperPorts) {
    this.#ports = ports;
  }

  /** Learns of new releases and of cancelled ones. A release that is not in order is logged and left alone. */
  async sync(signal: AbortSignal): Promise<void> {
    const { coordinator, book, log } = this.#ports;
    const { releases } = await coordinator.heldReleases(signal);
    for (const { releaseId, state } of releases) {
      const known = book.get(releaseId);
      if (known && known.state !== 'holding') continue;
      const statements =
        known?.signed && state === 'holding' ? { ...known.signed, cancel: null } : await coordinator.releaseStatements(releaseId, signal);
      try {
        if (state === 'cancelled' || statements.cancel) await this.#end(releaseId, statements);
        else await this.#adopt(releaseId, statements);
      } catch (error) {
        log.write('warn', 'a release is not in order; nothing is deleted for it', { releaseId, ...errorFields(error) });
      }
    }
  }

  /** Deletes what is due. Throws what the coordinator's client throws; whatever was not deleted then is due again. */
  async deleteDue(signal: AbortSignal): Promise<void> {
    for (const hold of this.#ports.book.running()) {
      signal.throwIfAborted();
      const due = hold.packs
        .filter((pack) => this.#ports.timer.leftMs(pack.startedAtElapsedMs, hold.holdMs) === 0)
        .map((pack) => pack.packId);
      if (due.length > 0) await this.#delete(hold, due, signal);
    }
  }

  /** For status: packs that are held only until their hold is over. */
  waiting(): { readonly releases: number; readonly packs: number } {
    const running = this.#ports.book.running();
    return { releases: running.length, packs: running.reduce((sum, hold) => sum + hold.packs.length, 0) };
  }

  async #adopt(releaseId: string, { release, countersign }: ReleaseStatements): Promise<void> {
    const { book, timer, minimumHoldMs, nowMs, log } = this.#ports;
    if (!countersign) return;
    const claimed = releaseSchema.parse(peekStatement(release.type, release));
    if (claimed.releaseId !== releaseId) throw outOfOrder('the statement is of another release');
    if (this.#isEarly(release, claimed)) {
      log.write('info', 'a vault is given up whose device is still in the team; its hold begins when that is revoked', { releaseId });
      return;
    }
    const known = book.get(releaseId);
    if (known?.signed && (known.signed.release.payload !== release.payload || known.signed.release.type !== release.type))
      throw outOfOrder('the release was another one before');
    const started = new Set(known?.packs.map((pack) => pack.packId));
    const fresh = claimed.packIds.filter((packId) => !started.has(packId));
    const { accepted, holdMs, refused } = await this.#acceptable({ release, countersign }, fresh);
    if (refused)
      log.write('warn', 'a release was not signed by the owner that these packs were stored for; they are kept', {
        releaseId,
        reason: refused,
      });
    if (accepted.length === 0) return;
    await book.put({
      ...{ version: 1, releaseId, vaultId: claimed.vaultId, state: 'holding', seenAtMs: known?.seenAtMs ?? nowMs() },
      holdMs: Math.max(minimumHoldMs, holdMs),
      signed: { release, countersign },
      packs: [...(known?.packs ?? []), ...accepted.map((packId) => ({ packId, startedAtElapsedMs: timer.elapsedMs }))],
    });
    log.write('info', 'released packs are kept for the hold', { releaseId, packs: accepted.length });
  }

  /** By the team root, for a device that is still a member. */
  #isEarly(signed: SignedStatement, release: Release): boolean {
    return signed.type === 'root-release' && this.#ports.isMember(release.ownerDeviceId);
  }

  /** Which of these packs are held here and meant by the release, by the key of the owner that each was stored for. */
  async #acceptable(
    signed: NonNullable<Hold['signed']>,
    packIds: readonly PackId[],
  ): Promise<{ accepted: PackId[]; holdMs: number; refused: string | undefined }> {
    const byKey = new Map<string, PackId[]>();
    const claimed = releaseSchema.parse(peekStatement(signed.release.type, signed.release));
    for (const packId of packIds) {
      const about = await this.#ports.held.about(packId);
      const key =
        about && isMeant(about, claimed, this.#ports.deviceId) ? (signed.release.type === 'root-release' ? '' : about.ownerKey) : undefined;
      if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), packId]);
    }
    const result = { accepted: [] as PackId[], holdMs: 0, refused: undefined as string | undefined };
    for (const [key, some] of byKey) {
      try {
        const { countersign } = openCountersigned(signed.release, signed.countersign, {
          ...this.#ports.keys,
          ownerKey: fromBase64Url(key),
        });
        result.accepted.push(...some);
        result.holdMs = countersign.holdMs;
      } catch (error) {
        result.refused = messageOf(error);
      }
    }
    return result;
  }

  async #end(releaseId: string, { release, cancel }: ReleaseStatements): Promise<void> {
    const { book, keys, nowMs, log } = this.#ports;
    const known = book.get(releaseId);
    const signed = known?.signed?.release ?? release;
    const claimed = releaseSchema.parse(peekStatement(signed.type, signed));
    if (!cancel || claimed.releaseId !== releaseId) throw outOfOrder('the cancel is missing or of another release');
    openCancel(cancel, signed, claimed, keys.coordinatorKey);
    await book.put({
      ...{ version: 1, releaseId, vaultId: claimed.vaultId, state: 'cancelled', seenAtMs: known?.seenAtMs ?? nowMs() },
      ...{ holdMs: 0, signed: null, packs: [] },
    });
    log.write('info', 'a release was cancelled; its packs are kept', { releaseId, packs: known?.packs.length ?? 0 });
  }

  async #delete(hold: Hold, due: readonly PackId[], signal: AbortSignal): Promise<void> {
    const { coordinator, held, book, random, deviceId, keys, log } = this.#ports;
    const { releaseId, signed } = hold;
    if (!signed || this.#isEarly(signed.release, releaseSchema.parse(peekStatement(signed.release.type, signed.release)))) return;
    const nonce = toBase64Url(random.bytes(32));
    const answer = await coordinator.confirmRelease(releaseId, nonce, signal).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      log.write('info', 'the coordinator does not confirm a release; its packs are kept for now', { releaseId, ...errorFields(error) });
      return undefined;
    });
    if (!answer) return;
    const claimed = releaseSchema.parse(peekStatement(signed.release.type, signed.release));
    let confirmed: ReadonlySet<PackId>;
    try {
      confirmed = new Set(openConfirm(answer, signed.release, claimed, { holderDeviceId: deviceId, nonce }, keys.coordinatorKey).packIds);
    } catch (error) {
      log.write('warn', 'the confirmation of a release is not in order; its packs are kept', { releaseId, ...errorFields(error) });
      return;
    }
    // Looked at again: the pack may have been stored anew, for another generation, since its hold began.
    const { accepted } = await this.#acceptable(
      signed,
      due.filter((packId) => confirmed.has(packId)),
    );
    for (const packId of accepted) {
      signal.throwIfAborted();
      await held.packs.delete(packId);
    }
    await coordinator.releaseDeleted(
      releaseId,
      due.filter((packId) => confirmed.has(packId)),
      signal,
    );
    // What was not confirmed or not meant any more is an ordinary pack again.
    const packs = hold.packs.filter((pack) => !due.includes(pack.packId));
    await book.put({ ...hold, packs, ...(packs.length === 0 ? { state: 'deleted', signed: null } : {}) });
    await book.forgetOld(this.#ports.nowMs());
    log.write('info', 'deleted released packs after their hold', { releaseId, packs: accepted.length, kept: due.length - accepted.length });
  }
}

/** The pack is one that the release can mean here: of this vault and owner, not placed anew after a cancel, and no trim of another holder's copy. */
const isMeant = (about: HeldPack, release: Release, deviceId: DeviceId): boolean =>
  (release.onlyHolder === undefined || release.onlyHolder === deviceId) &&
  about.vaultId === release.vaultId &&
  about.ownerDeviceId === release.ownerDeviceId &&
  about.generation <= release.generation;

const outOfOrder = (what: string): AgentError =>
  new AgentError('statement_invalid', what, { nextStep: 'Nothing was deleted. An admin looks at the release in the panel.' });

const isRefusal = (error: unknown): boolean => isAppError(error, 'coordinator_refused') && error.status === 'permanent';
