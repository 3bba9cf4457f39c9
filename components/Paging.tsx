import { PAGE_ROWS } from "@/lib/web/paging.ts";

/** Where one is in a long list, and the way on. `query`: the filters in force. */
export function Paging(
  { total, page, query, what }: {
    total: number;
    page: number;
    query: Record<string, string>;
    what: string;
  },
) {
  const pages = Math.max(1, Math.ceil(total / PAGE_ROWS));
  const to = (number: number) => `?${new URLSearchParams({ ...query, page: String(number) })}`;
  return (
    <nav class="pages" aria-label="Pages of the list">
      {page > 1 && <a href={to(page - 1)} rel="prev">Previous</a>}
      <span>
        {total.toLocaleString("en")} {what}, page {page} of {pages}
      </span>
      {page < pages && <a href={to(page + 1)} rel="next">Next</a>}
    </nav>
  );
}
