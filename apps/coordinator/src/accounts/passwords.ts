import { Inject, Injectable } from '@nestjs/common';
import { defaultPasswordCost, hashPassword, verifyPassword } from '#libs/crypto/node';
import type { RandomSource } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { RANDOM } from '../ports/ports.module.ts';

const COST = { standard: defaultPasswordCost, lowest: { memoryKiB: 8, passes: 1 } } as const;

/** Each takes 64 MiB while it runs: a crowd at the sign-in page waits in line instead of filling the memory. */
const AT_ONCE = 2;

/** Argon2id hashes of passwords, off the event loop, at most two at a time. */
@Injectable()
export class Passwords {
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hashPassword(password, { cost: COST[this.config.signIn.passwordCost], random: this.random }));
  }

  /** False for a wrong password; with no hash, false after the same work. */
  verify(password: string, stored: string | undefined): Promise<boolean> {
    return this.#inTurn(() => verifyPassword(stored, password));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
