import type { Role } from "@/lib/web/accounts.ts";

/** The pages of the app, in the order of their use. */
const PAGES = [
  { address: "/", name: "Labeling" },
  { address: "/questions", name: "Questions" },
  { address: "/pairs", name: "Pairs" },
  { address: "/quality", name: "Quality", admins: true },
  { address: "/datasets", name: "Datasets", admins: true },
  { address: "/runs", name: "Runs" },
  { address: "/guidelines", name: "Guidelines" },
];

/**
 * Links to the pages that somebody of this role may see.
 * @param current the address of the page that they stand on, where it is one of them
 */
export function Navigation({ current, role }: { current?: string; role?: Role }) {
  return (
    <nav class="page-links" aria-label="Pages">
      {PAGES.filter(({ admins }) => !admins || role === "admin").map(({ address, name }) => (
        <a key={address} href={address} aria-current={address === current ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
