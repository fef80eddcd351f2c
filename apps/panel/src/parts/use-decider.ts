import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';

/** Whether the signed-in person may decide about the team's data: owners and admins. Others only see it; the coordinator refuses them too. */
export function useDecider(): boolean {
  const role = useQuery(sessionQuery).data?.user.role;
  return role === 'owner' || role === 'admin';
}
