import type { Dice } from './dice.ts';

/** One decoder and how to feed it. */
export interface FuzzTarget {
  readonly name: string;
  /** Share of the inputs that it gets, about its speed and its exposure. */
  readonly weight: number;
  /** The one error class that it may throw, and its codes where the class has more that would be wrong here. */
  readonly errors: readonly (readonly [className: string, codes?: readonly string[]])[];
  /** `false`: it never refuses, or never accepts, by its nature. Else both must be seen, or the inputs stop at the first check. */
  readonly accepts?: false;
  readonly refuses?: false;
  /** Bytes of heap and buffers that one call may take beyond what grows with its input. */
  readonly memoryBytes: number;
  /** A fresh input. */
  input(dice: Dice): Uint8Array | string | object;
  /** Decodes it. Resolves or returns with whatever was decoded. */
  decode(input: never): unknown;
}

export function target<T extends Uint8Array | string | object>(
  options: Omit<FuzzTarget, 'decode' | 'input'> & { input(dice: Dice): T; decode(input: T): unknown },
): FuzzTarget {
  return options;
}
