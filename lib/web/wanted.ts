import type { Wanted } from "@/lib/labels/item.ts";

const MOST_EXCEPT = 50;

/** Which item an address asks for: `?pair=ID`, `?question=two-sum`, `?question=1` or neither, `&except=ID` often. */
export function wantedItem(url: URL): Wanted {
  const read = (name: string) => url.searchParams.get(name)?.slice(0, 200) || undefined;
  const showing = read("showing");
  return {
    pair: read("pair"),
    showing: showing === undefined ? undefined : Number(showing),
    question: read("question"),
    except: url.searchParams.getAll("except").slice(0, MOST_EXCEPT).map((id) => id.slice(0, 200)),
  };
}
