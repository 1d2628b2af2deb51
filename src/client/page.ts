import type { Page, PageRequest } from '../model/admin.ts';
import { illegalArgument } from '../model/errors.ts';
import { requireInteger, requireObject } from '../model/option-checks.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Checks a page request. */
export function resolvePage(page: PageRequest | undefined): { limit: number; cursor: string | undefined } {
  if (page === undefined) return { limit: DEFAULT_LIMIT, cursor: undefined };
  requireObject('A page request', page);
  if (page.cursor !== undefined && typeof page.cursor !== 'string')
    throw illegalArgument('A cursor must be the nextCursor of the page before');
  return { limit: requireInteger('limit', page.limit ?? DEFAULT_LIMIT, 1, MAX_LIMIT), cursor: page.cursor };
}

/** A page of things that are wholly in memory, in the order of their names; the cursor is the last name. */
export function pageByName<T extends { readonly name: string }>(all: Iterable<T>, page: PageRequest | undefined): Page<T> {
  const { limit, cursor } = resolvePage(page);
  const behind = [...all].filter(({ name }) => cursor === undefined || name > cursor);
  behind.sort((left, right) => (left.name < right.name ? -1 : 1));
  const items = behind.slice(0, limit);
  return behind.length > limit ? { items, nextCursor: (items.at(-1) as T).name } : { items };
}
