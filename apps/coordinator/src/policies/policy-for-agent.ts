import type { DevicePolicy, PolicyOverride } from '#libs/contracts';
import { knowsLinkLimits } from '#libs/contracts';

/**
 * A policy without what this agent does not understand: an agent checks strictly, and one from before there were limits by
 * link would refuse the whole policy and go on with its old schedule. It then keeps the general limits on every link. What only the
 * coordinator judges by is given to none.
 */
export function policyForAgent(policy: DevicePolicy, knows: string | undefined): DevicePolicy {
  const all = { ...policy, effective: withoutJudgement(policy.effective), override: withoutJudgement(policy.override) };
  if (knows?.split(',').includes(knowsLinkLimits)) return all;
  return { ...all, effective: withoutLinks(all.effective), override: withoutLinks(all.override) };
}

function withoutJudgement<T extends PolicyOverride>(part: T): T {
  if (part.schedule?.incompleteCounts === undefined) return part;
  const { incompleteCounts: _judged, ...schedule } = part.schedule;
  return { ...part, schedule };
}

function withoutLinks<T extends PolicyOverride>(part: T): T {
  if (part.limits === undefined) return part;
  const { lan: _lan, relay: _relay, hours, ...limits } = part.limits;
  const general = hours?.map(({ lan: _ofHour, relay: _relayOfHour, ...entry }) => entry);
  return { ...part, limits: { ...limits, ...(general && { hours: general }) } };
}
