import { IconMapQuestion } from '@tabler/icons-react';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';

export function NotFound() {
  return (
    <>
      <PageTitle title="Nothing here" />
      <EmptyNotice icon={IconMapQuestion} title="There is no such page" action={{ label: 'Go to the overview', to: '/' }}>
        The address may be old or mistyped.
      </EmptyNotice>
    </>
  );
}
