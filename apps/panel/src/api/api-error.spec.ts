import { describe, expect, it } from '@jest/globals';
import { problemToError, unreachable } from './api-error.ts';

describe('errors of the coordinator', () => {
  it('keeps its code, its words and its next step', () => {
    const error = problemToError(409, {
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'setup_done',
      detail: 'The team exists.',
      nextStep: 'Sign in.',
    });
    expect(error).toMatchObject({
      code: 'setup_done',
      message: 'The team exists.',
      nextStep: 'Sign in.',
      httpStatus: 409,
      status: 'permanent',
    });
  });

  it('adds a next step where the coordinator gives none', () => {
    expect(problemToError(429, { type: 'x', title: 'Too many', status: 429, code: 'rate_limited' })).toMatchObject({
      message: 'Too many',
      nextStep: expect.stringMatching(/Wait a minute/),
    });
  });

  it('names the fields that were wrong', () => {
    const error = problemToError(400, {
      type: 'x',
      title: 'Bad',
      status: 400,
      code: 'invalid',
      errors: [{ path: 'account.email', message: 'Invalid email' }],
    });
    expect(error.fields).toEqual([{ path: 'account.email', message: 'Invalid email' }]);
  });

  it('never shows a body that is no problem document', () => {
    const error = problemToError(502, '<html>proxy says no</html>');
    expect(error).toMatchObject({ code: 'reply_not_understood', status: 'temporary' });
    expect(error.message).not.toMatch(/proxy/);
  });

  it('says what goes on when nobody answers', () => {
    expect(unreachable(new TypeError('failed to fetch'))).toMatchObject({
      code: 'coordinator_unreachable',
      status: 'temporary',
      httpStatus: 0,
    });
  });
});
