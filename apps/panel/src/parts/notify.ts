import { notifications } from '@mantine/notifications';
import { isAppError, messageOf } from '#libs/kernel';

export function notifyDone(title: string, message?: string): void {
  notifications.show({ title, message: message ?? '', color: 'indigo', autoClose: 5000 });
}

export function notifyFailure(title: string, error: unknown): void {
  const next = isAppError(error) ? error.nextStep : undefined;
  notifications.show({
    title,
    message: next === undefined ? messageOf(error) : `${messageOf(error)} ${next}`,
    color: 'red',
    autoClose: 12_000,
  });
}
