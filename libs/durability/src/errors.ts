import { AppError } from '#libs/kernel';

export type DurabilityErrorCode = 'bitmap_too_large' | 'invalid_time_zone' | 'calendar_invalid' | 'presence_invalid';

/** What the rules refuse. */
export class DurabilityError extends AppError<DurabilityErrorCode> {
  override readonly name = 'DurabilityError';
}
