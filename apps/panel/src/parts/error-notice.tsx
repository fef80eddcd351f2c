import { Alert, Button, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { isAppError, messageOf } from '#libs/kernel';

/** What went wrong, and what to do about it. Announced to screen readers. */
export function ErrorNotice({
  error,
  title,
  onRetry,
}: {
  readonly error: unknown;
  readonly title?: string | undefined;
  readonly onRetry?: () => void;
}) {
  const known = isAppError(error) ? error : undefined;
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle aria-hidden />} title={title ?? 'That did not work'}>
      <Text size="sm">{messageOf(error)}</Text>
      {known?.nextStep !== undefined && (
        <Text size="sm" mt={4}>
          {known.nextStep}
        </Text>
      )}
      {known !== undefined && (
        <Text size="xs" mt={6}>
          Code: {known.code}
        </Text>
      )}
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
