import { argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { RandomSource } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { RANDOM } from '../ports/ports.module.ts';

const argon2Async = promisify(argon2);

/** RFC 9106's second choice (64 MiB, 3 passes): about 0.2 s of one core, and off the event loop. */
const COST = { standard: { memory: 65_536, passes: 3 }, lowest: { memory: 64, passes: 1 } } as const;
const PARALLELISM = 1;
const TAG_BYTES = 32;
/** A stored hash can't make us allocate more than this. */
const MAX_MEMORY = 1_048_576;

/** Argon2id hashes of passwords, in the usual `$argon2id$v=19$m=…,t=…,p=…$salt$hash` form. At most two are computed at a time. */
@Injectable()
export class Passwords {
  #free = 2;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  async hash(password: string): Promise<string> {
    const { memory, passes } = COST[this.config.signIn.passwordCost];
    const salt = this.random.bytes(16);
    const tag = await this.#derive(password, salt, memory, passes);
    return `$argon2id$v=19$m=${memory},t=${passes},p=${PARALLELISM}$${toBase64Url(salt)}$${toBase64Url(tag)}`;
  }

  /** False for a wrong password; with no hash, false after the same work. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=1\$([\w-]{22})\$([\w-]{43})$/.exec(stored ?? '');
    if (!match || Number(match[1]) > MAX_MEMORY) {
      await this.hash(password);
      return false;
    }
    const tag = await this.#derive(password, fromBase64Url(match[3]!), Number(match[1]), Number(match[2]));
    return timingSafeEqual(tag, fromBase64Url(match[4]!));
  }

  async #derive(password: string, nonce: Uint8Array, memory: number, passes: number): Promise<Buffer> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await argon2Async('argon2id', {
        message: password.normalize('NFC'),
        nonce,
        parallelism: PARALLELISM,
        tagLength: TAG_BYTES,
        memory,
        passes,
      });
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
