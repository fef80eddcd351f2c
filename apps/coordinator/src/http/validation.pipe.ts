import { StandardSchemaValidationPipe } from '@nestjs/common';
import { CoordinatorError } from '../errors.ts';

export interface RequestIssue {
  /** Where in the body or query: `paths.3`. */
  readonly path: string;
  readonly message: string;
}

/** A request that does not fit its schema; the filter lists what is wrong with it. */
export class RequestInvalid extends CoordinatorError {
  readonly issues: readonly RequestIssue[];

  constructor(issues: readonly RequestIssue[]) {
    const first = issues[0];
    super(
      'request_invalid',
      first ? `The request is not valid: ${first.path ? `${first.path}: ` : ''}${first.message}` : 'The request is not valid.',
    );
    this.issues = issues;
  }
}

/** More than this tells nobody anything and only makes the answer large. */
const MAX_ISSUES = 50;

/** Checks every `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` against its zod schema. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      new RequestInvalid(
        issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
          path: (path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.'),
          message,
        })),
      ),
  });
