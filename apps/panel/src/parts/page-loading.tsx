import { Loader } from '@mantine/core';
import classes from './page-loading.module.css';

export function PageLoading({ words = 'Loading' }: { readonly words?: string }) {
  return (
    <div className={classes['box']} role="status" aria-live="polite">
      <Loader size="sm" aria-hidden />
      <span>{words} …</span>
    </div>
  );
}
