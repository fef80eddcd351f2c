import { Button } from '@mantine/core';
import type { TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import classes from './empty-notice.module.css';

type Action = { readonly label: string; readonly to: string } | { readonly label: string; readonly onClick: () => void };

export function EmptyNotice({
  icon: Icon,
  title,
  children,
  action,
}: {
  readonly icon: TablerIcon;
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: Action;
}) {
  return (
    <div className={classes['box']}>
      <span className={classes['icon']}>
        <Icon size={30} stroke={1.5} aria-hidden />
      </span>
      <h2 className={classes['title']}>{title}</h2>
      <p className={classes['words']}>{children}</p>
      {action !== undefined &&
        ('to' in action ? (
          <Button component={Link} to={action.to}>
            {action.label}
          </Button>
        ) : (
          <Button onClick={action.onClick}>{action.label}</Button>
        ))}
    </div>
  );
}
