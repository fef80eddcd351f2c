import { describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { errorEvent, exitCodes } from '../cli/exit-codes.ts';
import type { CommandEvent } from './command-event.ts';
import { formatBytes, formatDuration, printable } from './format.ts';
import { ProgressLine } from './progress-line.ts';
import { JsonRenderer, type OutputPort, TextRenderer } from './renderer.ts';

function port(columns: number | undefined) {
  const out: string[] = [];
  const errors: string[] = [];
  let nowMs = 0;
  const value: OutputPort = {
    out: (text) => void out.push(typeof text === 'string' ? text : Buffer.from(text).toString('latin1')),
    error: (text) => void errors.push(text),
    columns,
    nowMs: () => (nowMs += 1000),
  };
  return { value, out, errors };
}

const events: CommandEvent[] = [
  { event: 'progress', phase: 'transfer', filesDone: 1, filesTotal: 2, bytesDone: 512, bytesTotal: 1024, current: '/home/ada/x' },
  { event: 'notice', code: 'access_denied', message: 'no', path: '/home/ada/\u001b[31mred' },
  { event: 'data', base64: Buffer.from([0, 255]).toString('base64') },
  { event: 'result', command: 'backup', exitCode: 0 },
];

describe('TextRenderer', () => {
  it('shows progress on a terminal and wipes it before anything else', () => {
    const { value, out, errors } = port(100);
    const renderer = new TextRenderer(value, { result: () => ['done'] });
    for (const event of events) renderer.render(event);
    expect(errors[0]).toContain('50 %');
    expect(errors[1]).toBe('\r\u001b[2K');
    expect(out).toEqual(['\u0000ÿ', 'done\n']);
  });

  it('without a terminal: only what the command is for, and what went wrong', () => {
    const { value, out, errors } = port(undefined);
    const renderer = new TextRenderer(value, { result: () => ['done'] });
    for (const event of events) renderer.render(event);
    expect(errors).toEqual(['warning: /home/ada/\\x1b[31mred: no (access_denied)\n']);
    expect(out.at(-1)).toBe('done\n');
  });

  it('says of an error what, its code, and what to do', () => {
    const { value, errors } = port(undefined);
    new TextRenderer(value, {}).render(errorEvent(new AppError('pledge_exceeded', 'too much', { nextStep: 'Raise it.' })));
    expect(errors.join('')).toBe('holdfast: too much (pledge_exceeded)\n  Raise it.\n');
  });
});

it('JsonRenderer writes every event as one line', () => {
  const { value, out } = port(100);
  const renderer = new JsonRenderer(value);
  for (const event of events) renderer.render(event);
  expect(out.map((line) => JSON.parse(line) as unknown)).toEqual(events);
  expect(out.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
});

it.each([
  [new AppError('not_enrolled', 'x'), exitCodes.notEnrolled, 'not_enrolled'],
  [new AppError('busy', 'x'), exitCodes.busy, 'busy'],
  [new AppError('wrong_key', 'x'), exitCodes.wrongKey, 'wrong_key'],
  [new AppError('wrong_passphrase', 'x'), exitCodes.wrongKey, 'wrong_passphrase'],
  [new AppError('interrupted', 'x'), exitCodes.interrupted, 'interrupted'],
  [new DOMException('x', 'AbortError'), exitCodes.interrupted, 'interrupted'],
  [new AppError('disk_full', 'x'), exitCodes.failed, 'disk_full'],
  [new TypeError('x'), exitCodes.failed, 'internal'],
])('%s ends with %i', (error, exitCode, code) => {
  expect(errorEvent(error)).toMatchObject({ event: 'error', exitCode, code });
});

describe('ProgressLine', () => {
  const at = (bytesDone: number, bytesTotal?: number) =>
    ({
      event: 'progress',
      phase: 'restore',
      filesDone: 3,
      bytesDone,
      bytesTotal,
      current: '/a/very/long/path/that/goes/on/and/on/file.txt',
    }) as const;

  it('knows rate and time left after a while, and starts again with a new phase', () => {
    const line = new ProgressLine();
    line.render(at(0, 10 * 1024 ** 2), 0, 200);
    const text = line.render(at(2 * 1024 ** 2, 10 * 1024 ** 2), 2_000, 200);
    expect(text).toContain('1.00 MiB/s');
    expect(text).toContain('8 s left');
    expect(line.render({ ...at(0, 10), phase: 'check' }, 3_000, 200)).not.toContain('/s');
  });

  it.each([20, 60, 80, 120])('never is wider than %i columns', (columns) => {
    const line = new ProgressLine();
    line.render(at(0, 2 ** 40), 0, columns);
    expect(line.render(at(2 ** 35, 2 ** 40), 5_000, columns).length).toBeLessThan(columns);
  });
});

it('formats', () => {
  expect([0, 1023, 1024, 1536, 10 * 1024 ** 2, 123.4 * 1024 ** 3].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '10.0 MiB',
    '123 GiB',
  ]);
  expect([0, 59_400, 60_000, 3_725_000, 90_000_000].map(formatDuration)).toEqual(['0 s', '59 s', '1:00 min', '1:02 h', '1 d 1 h']);
  expect(printable('a\u0007\u202eb')).toBe('a\\x07\\x202eb');
});
