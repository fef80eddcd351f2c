import { Injectable } from '@nestjs/common';
import type { Heartbeat, HeartbeatReply } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';

/** What other features tell a device in the reply to its heartbeat. */
export interface HeartbeatFacts {
  readonly policyVersion: number;
  readonly openJobs: number;
  readonly memory: HeartbeatReply['memory'];
  readonly bundle: HeartbeatReply['bundle'];
}

type Fact<Name extends keyof HeartbeatFacts> = (deviceId: DeviceId, heartbeat: Heartbeat) => Promise<HeartbeatFacts[Name]>;

/**
 * Where policies and jobs say what goes into a heartbeat's reply, so that presence needs not know them:
 * `facts.provide('openJobs', (deviceId) => …)` in `onModuleInit`. What nobody provides is 0, or left out.
 */
@Injectable()
export class HeartbeatFactsRegistry {
  readonly #facts: { [Name in keyof HeartbeatFacts]?: Fact<Name> } = {};

  provide<Name extends keyof HeartbeatFacts>(name: Name, fact: Fact<Name>): void {
    (this.#facts as Record<Name, Fact<Name>>)[name] = fact;
  }

  async of(deviceId: DeviceId, heartbeat: Heartbeat): Promise<HeartbeatFacts> {
    const [policyVersion, openJobs, memory, bundle] = await Promise.all([
      this.#facts.policyVersion?.(deviceId, heartbeat),
      this.#facts.openJobs?.(deviceId, heartbeat),
      this.#facts.memory?.(deviceId, heartbeat),
      this.#facts.bundle?.(deviceId, heartbeat),
    ]);
    return { policyVersion: policyVersion ?? 0, openJobs: openJobs ?? 0, memory, bundle };
  }
}
