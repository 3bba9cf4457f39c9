import type { ComponentChildren } from "preact";

/** A table that scrolls by itself where it is wider than the page. */
export function ScrolledTable(
  { name, caption, heads, children }: {
    name: string;
    caption: string;
    /** Headings; those of numbers begin with `#`. */
    heads: readonly string[];
    children: ComponentChildren;
  },
) {
  return (
    <div class="table" tabIndex={0} role="group" aria-label={name}>
      <table>
        <caption>
          <span>{caption}</span>
        </caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col" class={head.startsWith("#") ? "number" : undefined}>
                {head.replace("#", "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
