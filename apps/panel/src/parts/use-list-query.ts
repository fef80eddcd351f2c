import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import type { ListQuery } from '../api/queries.ts';

const searchDelayMs = 250;

/** State of a searchable list: what is typed, and the query that follows it after a short rest. */
export function useListQuery(start: Partial<ListQuery> = {}): {
  readonly list: ListQuery;
  readonly setList: (list: ListQuery) => void;
  readonly search: string;
  readonly setSearch: (search: string) => void;
} {
  const [list, setList] = useState<ListQuery>({ page: 1, pageSize: 25, ...start });
  const [search, setSearchNow] = useState('');
  const [settled] = useDebouncedValue(search.trim(), searchDelayMs);
  const setSearch = (text: string): void => {
    setSearchNow(text);
    setList({ ...list, page: 1 });
  };
  return { list: { ...list, search: settled === '' ? undefined : settled }, setList, search, setSearch };
}
