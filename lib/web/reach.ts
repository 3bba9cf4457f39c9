/**
 * From where the app can be reached, and under which names.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** Settings of who reaches the app. */
export interface ReachSettings {
  /** Name or address to listen on. */
  host: string;
  /** Names under which others reach it, without ports. */
  hosts?: readonly string[];
  /** Paths of a certificate and its key, in PEM. */
  cert?: string;
  key?: string;
  /** Address of a proxy whose word on the original request is taken. */
  trustedProxy?: string;
}

/** Who reaches the app. */
export interface Reach {
  /** Whether people on other machines may come, who need accounts. */
  team: boolean;
  /** Names and addresses that requests may name. */
  hosts: ReadonlySet<string>;
  /** Whether others come without encryption. */
  open: boolean;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const ANY = ["0.0.0.0", "::"];

/**
 * Derives it.
 *
 * Addresses of this machine are known names; others have to be listed, because a page elsewhere may point a name of
 * its own at this machine (DNS rebinding).
 *
 * @throws InputError for settings that do not go together
 */
export function reachOf({ host, hosts = [], cert, key, trustedProxy }: ReachSettings): Reach {
  if ((cert === undefined) !== (key === undefined)) {
    throw new InputError(
      "cert= and key= go together: the certificate and its private key, in PEM.",
    );
  }
  if (trustedProxy !== undefined && hosts.length === 0) {
    throw new InputError(
      "With trusted_proxy= say under which name the proxy serves the app: hosts=[label.example.org]",
    );
  }
  const others = hosts.filter((name) => !LOOPBACK.includes(name));
  const team = !LOOPBACK.includes(host) || others.length > 0 || trustedProxy !== undefined;
  const own = ANY.includes(host) ? Deno.networkInterfaces().map(({ address }) => address) : [host];
  const names = [...LOOPBACK, ...hosts, ...own].map((name) => name.toLowerCase());
  return {
    team,
    hosts: new Set(names.map((name) => name.includes(":") ? `[${name}]` : name)),
    open: !LOOPBACK.includes(host) && cert === undefined && trustedProxy === undefined,
  };
}

/** The address at which people find the app. */
export function originOf(
  { host, hosts = [], cert, trustedProxy }: ReachSettings,
  port: number,
): string {
  const named = hosts.find((name) => !LOOPBACK.includes(name));
  if (trustedProxy !== undefined && named) return `https://${named}`;
  const name = named ?? (ANY.includes(host) ? Deno.hostname() : host);
  const protocol = cert === undefined ? "http" : "https";
  const usual = port === (cert === undefined ? 80 : 443);
  return `${protocol}://${name.includes(":") ? `[${name}]` : name}${usual ? "" : `:${port}`}`;
}

/** A request as the proxy received it. One that does not come from the proxy is taken as it is. */
export function originalRequest(
  req: Request,
  from: string,
  trustedProxy: string | undefined,
): Request {
  if (trustedProxy === undefined || from !== trustedProxy) return req;
  const protocol = req.headers.get("X-Forwarded-Proto");
  if (protocol !== "https" && protocol !== "http") return req;
  const host = req.headers.get("X-Forwarded-Host") ?? req.headers.get("Host");
  const { pathname, search } = new URL(req.url);
  const original = `${protocol}://${host}${pathname}${search}`;
  if (!URL.canParse(original)) return req;
  const { method, headers, body } = req;
  return new Request(original, { method, headers, body });
}
