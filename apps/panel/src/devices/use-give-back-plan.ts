import { useQuery } from '@tanstack/react-query';
import type { DeviceDetail, RootReleasePlan } from '#libs/contracts';
import { rootReleaseQuery } from '../api/queries.ts';
import { useDecider } from '../parts/use-decider.ts';

/**
 * What giving the space of this device's backups back comes to; undefined where that is no question: the device is there, nothing of it is kept,
 * or the person may not decide.
 */
export function useGiveBackPlan({ deviceId, state, vaultBytes }: DeviceDetail): RootReleasePlan | undefined {
  const mayDecide = useDecider();
  const enabled = mayDecide && (state === 'revoked' || state === 'lost') && vaultBytes > 0;
  // A device that was marked as lost and is heard of again answers with a refusal: then nothing is offered.
  return useQuery({ ...rootReleaseQuery(deviceId), enabled, retry: false }).data;
}
