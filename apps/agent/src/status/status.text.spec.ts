import { describe, expect, it } from '@jest/globals';
import type { ResultEvent } from '../output/command-event.ts';
import { statusLines } from './status.text.ts';

const aStatus = (state: string, captured: Record<string, unknown> | null): ResultEvent =>
  ({
    ...{ event: 'result', command: 'status', exitCode: 0, state, packsWaiting: state === 'captured' ? 1 : 0 },
    captured: captured && { sequence: 1, atMs: 1, packs: 3, bytes: 8, files: 2, partial: false, adHoc: false, ...captured },
    ...{ protected: null, running: null, lastRun: null, scrub: null, nextRunAtMs: null },
    ...{ holders: [], connections: [], folders: [], waiting: [] },
  }) as unknown as ResultEvent;
const stateOf = (...status: Parameters<typeof aStatus>): string =>
  statusLines(aStatus(...status), 2)
    .find((line) => line.startsWith('state'))!
    .replace(/^state +/, '');

describe('the state that status shows', () => {
  it.each([
    ['empty', null, /^nothing is backed up yet$/],
    ['captured', {}, /^captured here, not protected yet: 1 pack of 3/],
    ['protected', {}, /^protected: enough other machines hold the latest snapshot$/],
    ['protected', { unread: 1 }, /^incomplete: .* 1 thing could not be read and is not in it/],
    ['protected', { unread: 12, partial: true }, /^incomplete: .* 12 things could not be read and are not in it/],
    ['captured', { unread: 1 }, /^captured here, not protected yet: 1 pack of 3/],
    // A file that somebody backed up by hand does not make the machine green.
    ['protected', { adHoc: true }, /^only paths that a backup named are protected: no whole backup yet$/],
    ['captured', { adHoc: true }, /^only paths that a backup named are captured here: no whole backup yet$/],
  ])('%s, %j', (state, captured, text) => expect(stateOf(state, captured)).toMatch(text));
});

it('says when a backup that failed is tried again', () => {
  const status = { ...aStatus('captured', {}), nextRunAtMs: 60_000, nextRunRetry: 2 } as unknown as ResultEvent;
  const line = statusLines(status, 2).find((one) => one.startsWith('next'));
  expect(line).toMatch(/^next try +.*, since the last one failed: retry 2 of 8$/);
});
