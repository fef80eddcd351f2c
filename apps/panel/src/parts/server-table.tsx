import { Pagination, Table, UnstyledButton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { IconArrowDown, IconArrowUp, IconArrowsSort } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Page } from '#libs/contracts';
import type { ListQuery } from '../api/queries.ts';
import { ErrorNotice } from './error-notice.tsx';
import { PageLoading } from './page-loading.tsx';
import classes from './server-table.module.css';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** The name by which the server sorts; absent: it does not. */
  readonly sort?: string;
  readonly align?: 'right';
  readonly cell: (item: T) => ReactNode;
}

interface Props<T> {
  readonly label: string;
  readonly query: UseQueryResult<Page<T>>;
  readonly list: ListQuery;
  readonly onList: (list: ListQuery) => void;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (item: T) => string;
  /** Shown in place of the table when there is nothing at all. */
  readonly empty: ReactNode;
}

/** A table that sorts and pages on the server. On narrow screens every row becomes a small list of titled values. */
export function ServerTable<T>({ label, query, list, onList, columns, keyOf, empty }: Props<T>) {
  if (query.isPending) return <PageLoading />;
  if (query.data === undefined) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />;
  const { items, total, pageSize } = query.data;
  if (total === 0) return <>{empty}</>;
  const pages = Math.ceil(total / pageSize);
  const sortBy = (sort: string): void =>
    onList({ ...list, page: 1, sort, order: list.sort === sort && list.order !== 'desc' ? 'desc' : 'asc' });
  return (
    <>
      <div className={classes['scroll']} data-stale={query.isPlaceholderData || undefined}>
        <Table
          className={classes['table']}
          aria-label={label}
          borderColor="var(--hairline)"
          highlightOnHover
          highlightOnHoverColor="var(--surface-sunken)"
        >
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ key, title, sort, align }) => (
                <Table.Th
                  key={key}
                  className={align === 'right' ? classes['right'] : undefined}
                  aria-sort={sort === undefined || list.sort !== sort ? undefined : list.order === 'desc' ? 'descending' : 'ascending'}
                >
                  {sort === undefined ? (
                    title
                  ) : (
                    <UnstyledButton className={classes['sort']} onClick={() => sortBy(sort)}>
                      {title}
                      <SortIcon order={list.sort === sort ? (list.order ?? 'asc') : undefined} />
                    </UnstyledButton>
                  )}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((item) => (
              <Table.Tr key={keyOf(item)}>
                {columns.map(({ key, title, align, cell }) => (
                  <Table.Td key={key} data-title={title} className={align === 'right' ? classes['right'] : undefined}>
                    {cell(item)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {pages > 1 && (
        <nav className={classes['pager']} aria-label={`Pages of ${label}`}>
          <span>
            {(list.page - 1) * pageSize + 1}–{Math.min(list.page * pageSize, total)} of {total.toLocaleString('en')}
          </span>
          <Pagination
            size="sm"
            total={pages}
            value={list.page}
            onChange={(page) => onList({ ...list, page })}
            getControlProps={(control) => ({ 'aria-label': `${control} page` })}
            getItemProps={(page) => ({ 'aria-label': `Page ${page}` })}
          />
        </nav>
      )}
    </>
  );
}

function SortIcon({ order }: { readonly order: 'asc' | 'desc' | undefined }) {
  const Icon = order === undefined ? IconArrowsSort : order === 'asc' ? IconArrowUp : IconArrowDown;
  return <Icon size={14} stroke={1.8} aria-hidden className={order === undefined ? classes['idle'] : undefined} />;
}
