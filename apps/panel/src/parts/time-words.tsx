import { Tooltip } from '@mantine/core';
import { absoluteTime, relativeTime } from '../wording/times.ts';
import { useNow } from './use-now.ts';

/** How long ago, with the exact time in the viewer's zone on hover. */
export function TimeWords({ atMs, none = 'never' }: { readonly atMs: number | null | undefined; readonly none?: string }) {
  const now = Math.max(useNow(), Date.now());
  if (atMs === null || atMs === undefined) return <span>{none}</span>;
  return (
    <Tooltip label={absoluteTime(atMs)} openDelay={250}>
      <time dateTime={new Date(atMs).toISOString()}>{relativeTime(atMs, now)}</time>
    </Tooltip>
  );
}
