import { Skeleton } from '@mantine/core';
import type { ComponentProps } from 'react';
import { Suspense, lazy } from 'react';
import type Chart from './chart.tsx';

const Loaded = lazy(() => import('./chart.tsx'));

/** The plot library is the largest part of the panel: it comes after everything else, into a place of its final size. */
export function LazyChart(props: ComponentProps<typeof Chart>) {
  return (
    <Suspense fallback={<Skeleton height={210} />}>
      <Loaded {...props} />
    </Suspense>
  );
}
