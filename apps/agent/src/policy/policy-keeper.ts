import { defaultPolicy, type DevicePolicy, type Policy } from '#libs/contracts';
import type { PolicyState } from '../home/agent-document.ts';
import type { JsonFile } from '../home/json-file.ts';

/** What this device is to do: the last policy that the coordinator gave, kept for when it can't be asked. */
export class PolicyKeeper {
  readonly #file: JsonFile<PolicyState>;
  readonly #joinedAtMs: number;
  #state: PolicyState | undefined;

  private constructor(file: JsonFile<PolicyState>, joinedAtMs: number) {
    this.#file = file;
    this.#joinedAtMs = joinedAtMs;
  }

  static async open(file: JsonFile<PolicyState>, joinedAtMs: number): Promise<PolicyKeeper> {
    const keeper = new PolicyKeeper(file, joinedAtMs);
    keeper.#state = await file.read();
    return keeper;
  }

  /** What a new team starts with, until the coordinator has said otherwise. */
  get effective(): Policy {
    return this.#state?.policy.effective ?? defaultPolicy;
  }

  /** -1 before the first one. */
  get version(): number {
    return this.#state?.policy.version ?? -1;
  }

  /** Fire times before this are not owed. */
  get scheduleSinceMs(): number {
    return this.#state?.scheduleSinceMs ?? this.#joinedAtMs;
  }

  /** Durable before it takes effect. Returns whether anything changed. */
  async accept(policy: DevicePolicy, nowMs: number): Promise<boolean> {
    const before = this.#state;
    const same = before !== undefined && JSON.stringify(before.policy) === JSON.stringify(policy);
    if (same) return false;
    // The first policy is the one that was in force all along; a changed schedule owes nothing from before.
    const keptSchedule = before !== undefined && sameTimes(before.policy.effective, policy.effective);
    const scheduleSinceMs = keptSchedule ? before.scheduleSinceMs : before === undefined ? this.#joinedAtMs : nowMs;
    const state: PolicyState = { policy, receivedAtMs: nowMs, scheduleSinceMs };
    await this.#file.write(state);
    this.#state = state;
    return true;
  }
}

function sameTimes(a: Policy, b: Policy): boolean {
  return a.schedule.cron === b.schedule.cron && a.schedule.timeZone === b.schedule.timeZone;
}
