import { type Roster, roster as rosterSchema, type RosterMember, type SignedStatement } from '#libs/contracts';
import { openStatement } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import type { z } from 'zod';
import { AgentError } from '../errors.ts';
import type { rosterState } from '../home/agent-document.ts';
import type { JsonFile } from '../home/json-file.ts';

/** Nothing depends on the age of a roster by the hour. */
const confirmEveryMs = 3_600_000;

/**
 * The newest roster that this device has seen, and nothing older ever after, nor anything that takes a revocation back: also not after a restart, as long as
 * the disk took it.
 */
export class RosterKeeper {
  readonly #file: JsonFile<z.infer<typeof rosterState>>;
  readonly #teamId: string;
  readonly #coordinatorKey: Uint8Array;
  #roster: Roster | undefined;
  #receivedAtMs = 0;
  #statement: SignedStatement | undefined;
  /** The disk has it. */
  #isWritten = true;

  private constructor(file: JsonFile<z.infer<typeof rosterState>>, teamId: string, coordinatorKey: Uint8Array) {
    this.#file = file;
    this.#teamId = teamId;
    this.#coordinatorKey = coordinatorKey;
  }

  /** `coordinatorKey`: the Ed25519 key that the team root certified. */
  static async open(file: JsonFile<z.infer<typeof rosterState>>, teamId: string, coordinatorKey: Uint8Array): Promise<RosterKeeper> {
    const keeper = new RosterKeeper(file, teamId, coordinatorKey);
    const state = await file.read();
    if (state) {
      keeper.#roster = keeper.#checked(state.statement);
      keeper.#receivedAtMs = state.receivedAtMs;
      keeper.#statement = state.statement;
    }
    return keeper;
  }

  get roster(): Roster | undefined {
    return this.#roster;
  }

  /** As the coordinator signed it. */
  get statement(): SignedStatement | undefined {
    return this.#statement;
  }

  get version(): number {
    return this.#roster?.version ?? 0;
  }

  /** When the coordinator last said that this is its newest roster. */
  get receivedAtMs(): number {
    return this.#receivedAtMs;
  }

  member(deviceId: DeviceId): RosterMember | undefined {
    return this.#roster?.members.find((m) => m.deviceId === deviceId);
  }

  /** A device by its id or, when only one has it, its name. Throws `device_not_found`. */
  find(nameOrId: string): RosterMember {
    const members = this.#roster?.members ?? [];
    const found = members.filter((m) => m.deviceId === nameOrId || m.name === nameOrId);
    if (found.length === 1) return found[0]!;
    throw new AgentError(
      'device_not_found',
      found.length === 0 ? `no device is called "${nameOrId}"` : `${found.length} devices are called "${nameOrId}"`,
      {
        nextStep: found.length === 0 ? '"holdfast devices" lists the team.' : 'Use the device id: "holdfast devices" shows it.',
      },
    );
  }

  /**
   * Takes a roster that the coordinator sent. Returns it when it is newer, undefined when it is the one we have.
   * Throws `statement_invalid` (not by the certified key, another team) and `roster_rollback`: an older one, or one that lets in a device that was revoked,
   * whatever its number. A revocation is for good, and a coordinator that was put back to an older copy may have come past the number of ours by
   * changes of addresses, which anybody can make that it still lets in.
   */
  async accept(statement: SignedStatement, nowMs: number): Promise<Roster | undefined> {
    const offered = this.#checked(statement);
    if (offered.version < this.version) {
      throw new AgentError('roster_rollback', `the coordinator sent roster ${offered.version}, but ${this.version} was seen before`, {
        nextStep: 'The coordinator may have been restored from an old copy: an admin has to raise its roster version.',
      });
    }
    const taken = offered.members.find((m) => m.state !== 'revoked' && this.member(m.deviceId)?.state === 'revoked');
    if (taken) {
      throw new AgentError('roster_rollback', `the coordinator's roster ${offered.version} lets ${taken.name} in, which was revoked`, {
        context: { deviceId: taken.deviceId },
        nextStep:
          'The coordinator may have been restored from an old copy: it learns of the revocation from this device, and sends a right one.',
      });
    }
    const isNew = offered.version > this.version;
    this.#roster = offered;
    this.#statement = statement;
    this.#receivedAtMs = nowMs;
    // In force whatever the disk says: a full one must not keep a revoked device in. `confirm` writes it then, or says why it can't.
    this.#isWritten = await this.#file.write({ statement, receivedAtMs: nowMs }).then(
      () => true,
      () => false,
    );
    return isNew ? offered : undefined;
  }

  /** The coordinator still has this version: it is as good as new. Written down once an hour at most. Throws what the disk says. */
  async confirm(version: number, nowMs: number): Promise<void> {
    if (version !== this.version || this.#statement === undefined) return;
    if (this.#isWritten && Math.abs(nowMs - this.#receivedAtMs) < confirmEveryMs) return;
    this.#receivedAtMs = nowMs;
    this.#isWritten = false;
    await this.#file.write({ statement: this.#statement, receivedAtMs: nowMs });
    this.#isWritten = true;
  }

  #checked(statement: SignedStatement): Roster {
    const parsed = rosterSchema.safeParse(openStatement('roster', statement, this.#coordinatorKey));
    if (!parsed.success || parsed.data.teamId !== this.#teamId) {
      throw new AgentError('statement_invalid', 'the roster is not one of this team', {
        nextStep: 'Check that this is the coordinator of your own team.',
      });
    }
    return parsed.data;
  }
}
