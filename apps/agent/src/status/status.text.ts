import type { ResultEvent } from '../output/command-event.ts';
import { formatBytes, formatCount, formatRelative, formatTime, printable, text } from '../output/format.ts';
import { scheduleTimes } from '../schedule/schedule-times.ts';

type Fields = Record<string, unknown>;
const of = (value: unknown): Fields => (value ?? {}) as Fields;
const ms = (value: unknown): number => Number(value ?? 0);

/** How each colleague is connected: the fast lane, libp2p directly, or through the relay. */
function kindsByName(connections: readonly { readonly name: string; readonly kind: string }[]): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const { name, kind } of connections) {
    const shown = kind === 'relayed' ? 'relayed, slow' : kind;
    const known = kinds.get(name) ?? [];
    if (!known.includes(shown)) kinds.set(name, [...known, shown]);
  }
  return kinds;
}

const seenWords = (seen: Fields, nowMs: number): string =>
  `snapshot ${ms(seen['sequence'])}, seen protected ${formatRelative(ms(seen['atMs']), nowMs)}`;

/** What a person wants to know first: protected or not; then why, then the rest. */
export function statusLines(status: ResultEvent, nowMs: number): string[] {
  const device = of(status['device']);
  const captured = status['captured'] === null ? undefined : of(status['captured']);
  const guarded = status['protected'] === null ? undefined : of(status['protected']);
  const complete = status['protectedComplete'] ? of(status['protectedComplete']) : undefined;
  const unread = ms(captured?.['unread']);
  const coordinator = of(status['coordinator']);
  const held = of(status['held']);
  const own = of(status['own']);
  const disk = of(status['disk']);
  const releases = of(status['releases']);
  const holders = status['holders'] as { name: string }[];
  const connections = status['connections'] as { name: string; kind: string }[];
  const folders = status['folders'] as string[];
  const running = status['running'] === null ? undefined : of(status['running']);
  const lastRun = status['lastRun'] === null ? undefined : of(status['lastRun']);
  const rows: [string, string][] = [];
  const row = (name: string, value: string): void => void rows.push([name, value]);

  row('device', `${printable(text(device['name']))} in ${printable(text(device['team']))}`);
  if (!captured) row('state', 'nothing is backed up yet');
  else if (captured['adHoc'] === true)
    row(
      'state',
      `only paths that a backup named ${status['state'] === 'protected' ? 'are protected' : 'are captured here'}: no whole backup yet`,
    );
  else if (status['state'] === 'protected')
    row(
      'state',
      unread === 0
        ? 'protected: enough other machines hold the latest snapshot'
        : `incomplete: enough other machines hold the latest snapshot, but ${formatCount(unread, 'thing')} could not be read and ${unread === 1 ? 'is' : 'are'} not in it; \`holdfast backup\` names ${unread === 1 ? 'it' : 'them'}`,
    );
  else
    row(
      'state',
      `captured here, not protected yet: ${formatCount(ms(status['packsWaiting']), 'pack')} of ${ms(captured['packs']).toLocaleString('en-US')} wait for holders`,
    );
  if (captured)
    row(
      'last captured',
      `snapshot ${ms(captured['sequence'])}, ${formatTime(ms(captured['atMs']))} (${formatRelative(ms(captured['atMs']), nowMs)}), ${formatCount(ms(captured['files']), 'file')}, ${formatBytes(ms(captured['bytes']))}${unread > 0 ? ', incomplete' : ''}`,
    );
  row('last protected', guarded ? seenWords(guarded, nowMs) : 'never');
  if (guarded && complete?.['sequence'] !== guarded['sequence'])
    row('last complete', complete ? seenWords(complete, nowMs) : 'none that is known');
  row('holders', holders.length === 0 ? 'none yet' : holders.map((h) => printable(h.name)).join(', '));
  row(
    'coordinator',
    `${text(coordinator['url'])}, ${coordinator['reachable'] === true ? 'reachable' : 'not reachable'}${ms(coordinator['reportsWaiting']) > 0 ? `; ${formatCount(ms(coordinator['reportsWaiting']), 'report')} wait for it` : ''}`,
  );
  if (Math.abs(ms(coordinator['clockSkewMs'])) > 60_000)
    row('clock', `differs from the coordinator's by ${Math.round(ms(coordinator['clockSkewMs']) / 1000)} s`);
  row(
    'daemon',
    of(status['daemon'])['running'] === true
      ? `running since ${formatTime(ms(of(status['daemon'])['startedAtMs']))}`
      : 'not running: nothing is scheduled and nothing is held for others meanwhile',
  );
  if (of(status['daemon'])['running'] === true)
    row(
      'connections',
      connections.length === 0
        ? 'none'
        : [...kindsByName(connections)].map(([name, kinds]) => `${printable(name)} (${kinds.join(', ')})`).join('; '),
    );
  row(
    'held for others',
    `${formatCount(ms(held['packs']), 'pack')}, ${formatBytes(ms(held['bytes']))}; room for ${formatBytes(ms(disk['availableForPacksBytes']))} more`,
  );
  if (ms(disk['toGiveBackBytes']) > 0)
    row(
      'to give back',
      `${formatBytes(ms(disk['toGiveBackBytes']))} of it: the disk is nearly full, or the pledge is smaller. They are moved to others first and deleted after the hold`,
    );
  for (const { what, text: why, untilMs } of status['waiting'] as { what: string; text: string; untilMs: number | null }[])
    row('waits', `${what}: ${why}${untilMs === null ? '' : ` (until ${formatTime(untilMs)})`}`);
  const scrub = status['scrub'] === null ? undefined : of(status['scrub']);
  if (scrub) {
    const found = ms(scrub['damaged']) === 0 ? 'all whole' : `${formatCount(ms(scrub['damaged']), 'pack')} damaged and reported`;
    row('packs re-read', `${formatRelative(ms(scrub['endedAtMs']), nowMs)}: ${formatCount(ms(scrub['packs']), 'pack')}, ${found}`);
  }
  row('own packs', `${formatCount(ms(own['packs']), 'pack')}, ${formatBytes(ms(own['bytes']))}`);
  const inHold = ms(of(releases['inHold'])['packs']);
  if (inHold > 0) row('in hold', `${formatCount(inHold, 'pack')} held for others, released by their owners: deleted when the hold is over`);
  if (ms(releases['waiting']) > 0)
    row('releases', `${formatCount(ms(releases['waiting']), 'release')} of own packs not accepted yet; an unusual one waits for an admin`);
  row(
    'folders',
    folders.length === 0 ? 'none: name some in the policy, or with "holdfast folders add PATH"' : folders.map(printable).join(', '),
  );
  if (running)
    row(
      'running',
      `backup (${text(running['trigger'])}) since ${formatTime(ms(running['startedAtMs']))}: ${ms(running['filesDone']).toLocaleString('en-US')} files, ${formatBytes(ms(running['bytesDone']))}`,
    );
  if (lastRun)
    row(
      'last run',
      `${text(lastRun['state'])} (${text(lastRun['trigger'])}), ${formatRelative(ms(lastRun['endedAtMs'] ?? lastRun['startedAtMs']), nowMs)}${lastRun['errorCode'] ? `: ${printable(text(lastRun['errorMessage']))} (${text(lastRun['errorCode'])})` : ''}`,
    );
  const retry = ms(status['nextRunRetry']);
  row(
    retry > 0 ? 'next try' : 'next run',
    status['nextRunAtMs'] === null
      ? 'none'
      : `${formatTime(ms(status['nextRunAtMs']))} (${formatRelative(ms(status['nextRunAtMs']), nowMs)})${retry > 0 ? `, since the last one failed: retry ${retry} of ${scheduleTimes.retries}` : ''}`,
  );

  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
