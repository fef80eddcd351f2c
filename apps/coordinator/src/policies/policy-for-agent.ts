import type { DevicePolicy, PolicyOverride } from '#libs/contracts';
import { knowsLinkLimits } from '#libs/contracts';

/**
 * A policy without what this agent does not understand: an agent checks strictly, and one from before there were limits by
 * link would refuse the whole policy and go on with its old schedule. It then keeps the general limits on every link.
 */
export function policyForAgent(policy: DevicePolicy, knows: string | undefined): DevicePolicy {
  if (knows?.split(',').includes(knowsLinkLimits)) return policy;
  return { ...policy, effective: withoutLinks(policy.effective), override: withoutLinks(policy.override) };
}

function withoutLinks<T extends PolicyOverride>(part: T): T {
  if (part.limits === undefined) return part;
  const { lan: _lan, relay: _relay, hours, ...limits } = part.limits;
  const general = hours?.map(({ lan: _ofHour, relay: _relayOfHour, ...entry }) => entry);
  return { ...part, limits: { ...limits, ...(general && { hours: general }) } };
}
