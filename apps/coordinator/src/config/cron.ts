import { validate } from 'node-cron';

/** True for a cron expression that the scheduler takes: 5 fields, or 6 with seconds first. */
export const isValidCron = (expression: string): boolean => validate(expression);
