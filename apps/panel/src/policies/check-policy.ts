import type { PolicyOverride } from '#libs/contracts';
import { policyOverride } from '#libs/contracts';
import { messageOf } from '#libs/kernel';
import { parseCron } from './cron-expression.ts';

/** What keeps a policy (or a device's parts of one) from being saved, in words, or undefined. */
export function policyProblem(policy: PolicyOverride): string | undefined {
  if (policy.schedule !== undefined) {
    try {
      parseCron(policy.schedule.cron);
    } catch (error) {
      return `The schedule can’t be read: ${messageOf(error)}`;
    }
  }
  const parsed = policyOverride.safeParse(policy);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.join(', ')}: ${issue.message}`;
}

/** A copy of `override` with one part set to `value`, or left to the team when `value` is undefined. */
export function withPart<K extends keyof PolicyOverride>(
  override: PolicyOverride,
  key: K,
  value: PolicyOverride[K] | undefined,
): PolicyOverride {
  const { [key]: _replaced, ...rest } = override;
  return value === undefined ? rest : { ...rest, [key]: value };
}
