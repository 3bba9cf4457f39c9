/** Rows of a page of a list. */
export const PAGE_ROWS = 25;

/** The page that an address asks for, from 1. */
export function pageNumber(url: URL): number {
  const asked = url.searchParams.get("page") ?? "1";
  return /^\d{1,6}$/.test(asked) ? Math.max(1, Number(asked)) : 1;
}

/** A search word of an address. */
export const queryText = (url: URL, name: string): string =>
  (url.searchParams.get(name) ?? "").trim().slice(0, 200);
