import type { ScrubReport } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import type { FilePackStore } from '#libs/swarm';
import { Pace } from '../audits/pace.ts';
import { readPack } from '../audits/read-pack.ts';
import { JsonFile } from '../home/json-file.ts';
import { errorFields } from '../log/agent-log.ts';
import { repairOwnPacks } from '../reading/repair-own-packs.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import type { ScrubPass, ScrubState } from './scrub-plan.ts';
import { newScrubState, scrubEnded, scrubState, scrubStep } from './scrub-plan.ts';
import { scrubTimes } from './scrub-times.ts';

export type ScrubPorts = Pick<
  AgentRuntime,
  'clock' | 'log' | 'own' | 'held' | 'damagedCopies' | 'outbox' | 'document' | 'files' | 'paths'
> & {
  /** Why background work waits now, or null. */
  waitsFor(): string | null;
  /** Brings damaged own packs back from holders; returns those that are whole again. */
  repairOwn(packs: ReadonlyMap<PackId, number>, signal: AbortSignal): Promise<PackId[]>;
};

/**
 * Reads every pack on this disk again once a month, at low priority, and at once when the coordinator asks for it. Damage is reported
 * (a copy of others' packs is then made anew, an own pack is fetched back); nothing is deleted. Goes on after a restart where it was.
 */
export class Scrub {
  readonly #ports: ScrubPorts;
  readonly #file: JsonFile<ScrubState>;
  #asked: number | null = null;
  #wake = new AbortController();

  constructor(ports: ScrubPorts) {
    this.#ports = ports;
    this.#file = new JsonFile(ports.files, ports.paths.scrub, scrubState);
  }

  static of(agent: AgentRuntime, waitsFor: () => string | null): Scrub {
    return new Scrub({ ...agent, waitsFor, repairOwn: (packs, signal) => repairOwnPacks(agent, packs, signal) });
  }

  /** The coordinator wants a scan of what is held, begun for this request of its own time. */
  ask(sinceMs: number): void {
    if (this.#asked !== null && this.#asked >= sinceMs) return;
    this.#asked = sinceMs;
    this.#wake.abort();
  }

  async runUntilStopped(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.runDue(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#ports.log.write('warn', 'reading the packs on this disk was broken off; it goes on later', errorFields(error));
      }
      this.#wake = new AbortController();
      await this.#ports.clock.sleep(scrubTimes.lookMs, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
    }
  }

  /** Does what is due, or as much of it as it may. What breaks off the reading of one store keeps nobody from the other; it is thrown in the end. */
  async runDue(signal: AbortSignal): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const store of ['held', 'own'] as const)
      try {
        await this.#runDueOf(store, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure ??= { error };
      }
    if (failure) throw failure.error;
  }

  async #runDueOf(store: ScrubReport['store'], signal: AbortSignal): Promise<void> {
    const state = await this.#state();
    const facts = {
      nowMs: this.#ports.clock.nowMs(),
      joinedAtMs: this.#ports.document.joinedAtMs,
      asked: store === 'held' ? this.#asked : null,
    };
    const pass = scrubStep(state[store], facts);
    if (pass) await this.#pass(store, state, pass, signal);
  }

  /** A file that can't be read is no reason to stop reading packs: the pass begins anew. */
  async #state(): Promise<ScrubState> {
    return (await this.#file.read().catch(() => undefined)) ?? newScrubState();
  }

  async #pass(store: ScrubReport['store'], state: ScrubState, begun: ScrubPass, signal: AbortSignal): Promise<void> {
    const { clock, held, own, log } = this.#ports;
    const packs = store === 'held' ? held.packs : own;
    let pass = begun;
    const save = (): Promise<void> => this.#file.write({ ...state, [store]: pass });
    const pace = new Pace(clock, pass.asked === null ? scrubTimes.bytesPerSecond : scrubTimes.askedBytesPerSecond);
    const ids = packs
      .list()
      .map((pack) => pack.packId)
      .filter((packId) => packId > pass.after)
      .sort();
    for (const [at, packId] of ids.entries()) {
      // What another one asked for while this one runs is dealt with at the next look.
      if (this.#ports.waitsFor() !== null) return save();
      const found = await this.#read(store, packs, packId, pace, signal);
      pass = {
        ...pass,
        ...{ after: packId, packs: pass.packs + 1, sizeBytes: pass.sizeBytes + found.sizeBytes, damaged: pass.damaged + found.damaged },
      };
      if (at % scrubTimes.savePacks === 0 || found.damaged > 0) await save();
    }
    await this.#report(store, pass, clock.nowMs(), []);
    log.write('info', 'read all packs on this disk', { store, packs: pass.packs, damaged: pass.damaged });
    pass = scrubEnded(pass, clock.nowMs());
    await save();
  }

  async #read(
    store: ScrubReport['store'],
    packs: FilePackStore,
    packId: PackId,
    pace: Pace,
    signal: AbortSignal,
  ): Promise<{ readonly sizeBytes: number; readonly damaged: number }> {
    const reading = await readPack(packs, packId, { pace, signal });
    if (store === 'held') await this.#ports.damagedCopies.note(packId, reading.kind === 'damaged');
    if (reading.kind !== 'damaged') return { sizeBytes: reading.kind === 'whole' ? reading.sizeBytes : 0, damaged: 0 };
    const { leaves, sizeBytes } = reading;
    const repaired = store === 'own' && (await this.#ports.repairOwn(new Map([[packId, sizeBytes]]), signal)).length > 0;
    this.#ports.log.write('warn', 'a pack on this disk is damaged', { store, packId, damagedBlocks: leaves, repaired });
    await this.#report(store, undefined, null, [{ packId, leaves, repaired }]);
    return { sizeBytes, damaged: 1 };
  }

  /** By way of the outbox: what was found is told, whatever happens to this process or the line. */
  async #report(
    store: ScrubReport['store'],
    pass: ScrubPass | undefined,
    endedAtMs: number | null,
    damaged: ScrubReport['damaged'],
  ): Promise<void> {
    const { outbox, clock } = this.#ports;
    const { startedAtMs, asked = null, packs = 0, sizeBytes = 0 } = pass ?? {};
    const found = pass ? pass.damaged : damaged.length;
    const body = { store, startedAtMs: startedAtMs ?? clock.nowMs(), endedAtMs, asked, packs, sizeBytes, found, damaged };
    await outbox.put({ kind: 'scrub', body });
  }
}
