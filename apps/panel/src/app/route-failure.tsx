import { Button, Container } from '@mantine/core';
import { useRouteError } from 'react-router';
import { ErrorNotice } from '../parts/error-notice.tsx';

/** A screen that broke says so; the rest of the panel stays usable. */
export function RouteFailure() {
  const error = useRouteError();
  return (
    <Container size="sm" py="xl">
      <ErrorNotice error={error} title="This screen could not be shown" />
      <Button mt="md" variant="default" onClick={() => window.location.reload()}>
        Load the page again
      </Button>
    </Container>
  );
}
