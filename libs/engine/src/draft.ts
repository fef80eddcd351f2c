import type { CheckOptions, CheckReport } from './check/check-types.ts';

export declare function check(options: CheckOptions): Promise<CheckReport>;
