import type { DynamicModule } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import type { Clock, RandomSource } from '#libs/kernel';
import { systemClock, systemRandom } from '#libs/kernel';

/** `@Inject(CLOCK) clock: Clock`: the only source of time, so that tests can say what time it is. */
export const CLOCK = Symbol('Clock');
/** `@Inject(RANDOM) random: RandomSource`. */
export const RANDOM = Symbol('RandomSource');

export interface Ports {
  readonly clock: Clock;
  readonly random: RandomSource;
}

export const systemPorts: Ports = { clock: systemClock, random: systemRandom };

@Global()
@Module({})
export class PortsModule {
  static register({ clock, random }: Ports): DynamicModule {
    const providers = [
      { provide: CLOCK, useValue: clock },
      { provide: RANDOM, useValue: random },
    ];
    return { module: PortsModule, providers, exports: [CLOCK, RANDOM] };
  }
}
