import type { PanelEvent } from '#libs/contracts';
import { panelEvent } from '#libs/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { withQuery } from './client.ts';

/** What an event of the coordinator makes stale. */
const staleBy: Readonly<Record<PanelEvent['event'], readonly string[]>> = {
  devices: ['devices', 'overview'],
  snapshots: ['snapshots', 'runs', 'devices', 'overview', 'vaults'],
  runs: ['runs', 'devices', 'overview'],
  packs: ['snapshots', 'overview', 'devices', 'trims'],
  restores: ['restores'],
  policies: ['policies'],
  'join-links': ['join-links', 'overview'],
  releases: ['releases', 'overview'],
};

/** Events come in bursts while packs are placed; what is shown is fetched again at most this often. */
const gatherMs = 700;

export type LiveState = 'connecting' | 'live' | 'lost';

/** Follows the coordinator's stream and refreshes what is on screen. The browser reconnects by itself. */
export function useLiveUpdates(): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    const source = new EventSource(withQuery('events'));
    const stale = new Set<string>();
    let timer: number | undefined;
    const refresh = (): void => {
      timer = undefined;
      for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
      stale.clear();
    };
    const take = (message: MessageEvent<string>): void => {
      let body: unknown;
      try {
        body = JSON.parse(message.data);
      } catch {
        return;
      }
      const parsed = panelEvent.safeParse(body);
      if (!parsed.success) return;
      for (const key of staleBy[parsed.data.event]) stale.add(key);
      timer ??= window.setTimeout(refresh, gatherMs);
    };
    source.onopen = () => {
      setState((before) => {
        // What happened while the stream was away is unknown: fetch all that is shown.
        if (before === 'lost') void client.invalidateQueries();
        return 'live';
      });
    };
    source.onerror = () => setState('lost');
    source.onmessage = take;
    for (const name of Object.keys(staleBy)) source.addEventListener(name, take);
    return () => {
      window.clearTimeout(timer);
      source.close();
    };
  }, [client]);
  return state;
}
