import type { DeviceSummary, JoinLink, ReleaseState, Restore, Run, Snapshot } from '#libs/contracts';
import {
  auditEntry,
  bundleView,
  deviceAudits,
  deviceDetail,
  devicePolicy,
  deviceSummary,
  holderAudits,
  joinLink,
  overview,
  pageOf,
  policyDocument,
  rebuildView,
  releaseView,
  restore,
  rootReleasePlan,
  run,
  session,
  setupInfo,
  snapshot,
  trimView,
  vaultDocument,
} from '#libs/contracts';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError } from './api-error.ts';
import type { Query } from './client.ts';
import { call, setCsrfToken } from './client.ts';

/** Every read of the panel in one place: the key says what an event of the coordinator makes stale. */

export interface ListQuery {
  readonly page: number;
  readonly pageSize: number;
  readonly sort?: string | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
  readonly search?: string | undefined;
}
const asQuery = (list: ListQuery): Query => ({ ...list });

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => call(setupInfo, 'setup', { signal }),
  staleTime: 60_000,
});

/** The signed-in person, or null. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    try {
      const current = await call(session, 'session', { signal });
      setCsrfToken(current.csrfToken);
      return current;
    } catch (error) {
      if (error instanceof ApiError && error.httpStatus === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => call(overview, 'overview', { signal }),
  refetchInterval: 60_000,
});

/** Below the overview's key: whatever makes that stale makes this stale. */
export const rebuildQuery = queryOptions({
  queryKey: ['overview', 'rebuild'],
  queryFn: ({ signal }) => call(rebuildView, 'rebuild', { signal }),
});

export const bundleQuery = queryOptions({
  queryKey: ['overview', 'bundle'],
  queryFn: ({ signal }) => call(bundleView, 'bundle', { signal }),
});

export const devicesQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['devices', 'list', list],
    queryFn: ({ signal }) => call(pageOf(deviceSummary), 'devices', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const deviceQuery = (deviceId: string) =>
  queryOptions({ queryKey: ['devices', deviceId], queryFn: ({ signal }) => call(deviceDetail, `devices/${deviceId}`, { signal }) });

export const snapshotsQuery = (deviceId: string, list: ListQuery) =>
  queryOptions({
    queryKey: ['snapshots', deviceId, list],
    queryFn: ({ signal }) => call(pageOf(snapshot), `devices/${deviceId}/snapshots`, { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const runsQuery = (deviceId: string, list: ListQuery) =>
  queryOptions({
    queryKey: ['runs', deviceId, list],
    queryFn: ({ signal }) => call(pageOf(run), `devices/${deviceId}/runs`, { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const vaultQuery = (vaultId: string) =>
  queryOptions({ queryKey: ['vaults', vaultId], queryFn: ({ signal }) => call(vaultDocument, `vaults/${vaultId}`, { signal }), gcTime: 0 });

export const joinLinksQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['join-links', list],
    queryFn: ({ signal }) => call(pageOf(joinLink), 'join-links', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const auditLogQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['audit-log', list],
    queryFn: ({ signal }) => call(pageOf(auditEntry), 'audit-log', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const releasesQuery = (list: ListQuery, state?: ReleaseState) =>
  queryOptions({
    queryKey: ['releases', list, state],
    queryFn: ({ signal }) => call(pageOf(releaseView), 'releases', { query: { ...list, state }, signal }),
    placeholderData: keepPreviousData,
  });

/** Below the releases' key: what becomes of one changes what is left to give up. */
export const rootReleaseQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ['releases', 'root', deviceId],
    queryFn: ({ signal }) => call(rootReleasePlan, `devices/${deviceId}/root-release`, { signal }),
  });

export const trimsQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['trims', list],
    queryFn: ({ signal }) => call(pageOf(trimView), 'trims', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

/** Below the devices’ key: what happens to a holder’s audits is an event of the device. */
export const teamAuditsQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['devices', 'audits', list],
    queryFn: ({ signal }) => call(pageOf(holderAudits), 'audits', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const deviceAuditsQuery = (deviceId: string, list: ListQuery) =>
  queryOptions({
    queryKey: ['devices', deviceId, 'audits', list],
    queryFn: ({ signal }) => call(deviceAudits, `devices/${deviceId}/audits`, { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

export const teamPolicyQuery = queryOptions({
  queryKey: ['policies', 'team'],
  queryFn: ({ signal }) => call(policyDocument, 'policies/team', { signal }),
});

export const devicePolicyQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ['policies', deviceId],
    queryFn: ({ signal }) => call(devicePolicy, `policies/devices/${deviceId}`, { signal }),
  });

export const restoresQuery = (list: ListQuery) =>
  queryOptions({
    queryKey: ['restores', 'list', list],
    queryFn: ({ signal }) => call(pageOf(restore), 'restores', { query: asQuery(list), signal }),
    placeholderData: keepPreviousData,
  });

const restoreOver = (state: Restore['state'] | undefined): boolean => state === 'done' || state === 'failed';
export const restoreQuery = (restoreId: string) =>
  queryOptions({
    queryKey: ['restores', restoreId],
    queryFn: ({ signal }) => call(restore, `restores/${restoreId}`, { signal }),
    refetchInterval: (query) => (restoreOver(query.state.data?.state) ? false : 2000),
  });

export type { DeviceSummary, JoinLink, Restore, Run, Snapshot };
