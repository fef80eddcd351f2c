import type { LoggerService } from '@nestjs/common';

/** Parts of Nest that report every module, controller and route while it starts: more than a hundred lines. */
const STARTUP_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Passes everything on as it is, except what Nest says about its own start: that is for debugging. Its warnings and errors stay. */
export class FrameworkLogger implements LoggerService {
  readonly #logger: Required<Omit<LoggerService, 'setLogLevels'>>;

  constructor(logger: Required<Omit<LoggerService, 'setLogLevels'>>) {
    this.#logger = logger;
  }

  /** Nest gives the context last. */
  log(message: unknown, ...rest: unknown[]): void {
    this.#logger[STARTUP_CONTEXTS.has(rest.at(-1)) ? 'debug' : 'log'](message, ...rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#logger.fatal(message, ...rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.error(message, ...rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#logger.warn(message, ...rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug(message, ...rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#logger.verbose(message, ...rest);
  }
}
