import type { Wanted } from "@/lib/labels/item.ts";

/** Which item an address asks for: `?pair=ID`, `?question=two-sum`, `?question=1` or neither. */
export function wantedItem(url: URL): Wanted {
  const read = (name: string) => url.searchParams.get(name)?.slice(0, 200) || undefined;
  return { pair: read("pair"), question: read("question") };
}
