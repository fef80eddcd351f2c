import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { teamPolicyQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { DeviceOverrides } from './device-overrides.tsx';
import { TeamPolicyForm } from './team-policy-form.tsx';

/** What every device does, unless it has its own. */
export function PoliciesScreen() {
  const policy = useQuery(teamPolicyQuery);
  return (
    <>
      <PageTitle
        title="Policies"
        note="When devices back up, what, how long snapshots are kept, and on how many other machines. Agents learn of a change within seconds."
      />
      {policy.isPending && <Skeleton height={420} radius="lg" role="status" aria-label="Loading the policy" />}
      {policy.isError && policy.data === undefined && <ErrorNotice error={policy.error} onRetry={() => void policy.refetch()} />}
      {policy.data !== undefined && (
        <>
          <TeamPolicyForm key={policy.data.version} saved={policy.data.team} />
          <DeviceOverrides />
        </>
      )}
    </>
  );
}
