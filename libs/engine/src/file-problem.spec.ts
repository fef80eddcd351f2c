import { describe, expect, it } from '@jest/globals';
import { problemOf } from './file-problem.ts';
import { fileError } from './platform/system-error.ts';

describe('problemOf', () => {
  const path = Buffer.from('/srv/documents/report');

  it('names the path once, beside the message', () => {
    expect(problemOf(path, fileError('EACCES', path))).toEqual({
      path: '/srv/documents/report',
      code: 'access_denied',
      message: 'may not be accessed',
    });
  });

  it('keeps another path that the message names', () => {
    expect(problemOf(Buffer.from('/srv'), fileError('EACCES', path)).message).toBe('/srv/documents/report: may not be accessed');
    expect(problemOf(path, new Error('read failed'))).toEqual({ path: '/srv/documents/report', code: 'io_failed', message: 'read failed' });
  });
});
