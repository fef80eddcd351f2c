import ignore, { type Ignore } from 'ignore';

/** The matcher behind it remembers every path that it was asked about, some 150 bytes each: starting afresh now and then bounds that. */
const testsBeforeRenewal = 20_000;

/** Whether paths of a snapshot match any of some patterns in gitignore syntax, however many are asked about. Memory: a few MiB. */
export class PathPatterns {
  readonly #patterns: readonly string[];
  readonly #ignoreCase: boolean;
  #matcher: Ignore;
  #tests = 0;

  constructor(patterns: readonly string[], options: { readonly ignoreCase: boolean }) {
    this.#patterns = patterns;
    this.#ignoreCase = options.ignoreCase;
    this.#matcher = this.#fresh();
  }

  /** `path`: `/`-separated, none in front; one behind it says that it is a folder. */
  match(path: string): boolean {
    if (this.#patterns.length === 0) return false;
    this.#tests += 1;
    if (this.#tests > testsBeforeRenewal) {
      this.#matcher = this.#fresh();
      this.#tests = 1;
    }
    return this.#matcher.ignores(path);
  }

  #fresh(): Ignore {
    return ignore({ ignorecase: this.#ignoreCase }).add([...this.#patterns]);
  }
}
