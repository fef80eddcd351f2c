import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { devicePolicyQuery, deviceQuery, teamPolicyQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { DevicePolicyForm } from './device-policy-form.tsx';

/** The policy in force on one device: the team's, but for the parts that are its own. */
export function DevicePolicyScreen() {
  const { deviceId = '' } = useParams();
  const device = useQuery(deviceQuery(deviceId));
  const policy = useQuery(devicePolicyQuery(deviceId));
  const team = useQuery(teamPolicyQuery);
  const error = policy.error ?? team.error;
  return (
    <>
      <PageTitle
        title={device.data === undefined ? 'Policy of a device' : `Policy of ${device.data.name}`}
        note="Shown is what is in force. Switch a part on to give this device its own; off, it follows the team."
      />
      {error !== null && <ErrorNotice error={error} />}
      {(policy.isPending || team.isPending) && <Skeleton height={420} radius="lg" role="status" aria-label="Loading the policy" />}
      {policy.data !== undefined && team.data !== undefined && (
        <DevicePolicyForm key={policy.data.version} deviceId={deviceId} saved={policy.data} team={team.data.team} />
      )}
    </>
  );
}
