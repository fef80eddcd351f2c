import { isAppError } from '#libs/kernel';
import { readOwnRules } from '../backup/own-rules.ts';
import type { Diagnosis } from './examinations.ts';

/** `backup.yaml` of this machine, where there is one: with a mistake in it no backup is made. */
export async function examineRules(path: string): Promise<Diagnosis[]> {
  try {
    await readOwnRules(path);
    return [];
  } catch (error) {
    if (!isAppError(error, 'rules_invalid')) throw error;
    const { code, message, nextStep } = error;
    return [{ severity: 'error', code, message, nextStep }];
  }
}
