/**
 * What a hub answered when it did not do as it was asked, in one sentence for people.
 *
 * @module
 */
import { HubApiError, InvalidApiResponseFormatError } from "@huggingface/hub";
import { InputError, OperationError } from "@/lib/errors.ts";
import { type HubRepo, repoPage } from "@/lib/hub/repository.ts";

/** The cause of errors of this folder: how the hub refused. */
export class HubAnswer extends Error {
  override name = "HubAnswer";

  /**
   * @param status of HTTP; 0 where the hub did not answer at all
   * @param code such as `RepoNotFound`, `RevisionNotFound`, `EntryNotFound`, `GatedRepo`
   */
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** How the hub refused; undefined for errors of another kind. */
export const answerOf = (error: unknown): HubAnswer | undefined =>
  error instanceof Error && error.cause instanceof HubAnswer ? error.cause : undefined;

/** What was asked for, by whom. */
export interface Asked {
  endpoint: string;
  repo: HubRepo;
  /** As in `main`. */
  revision?: string;
  token: string | undefined;
  /** Whether something is to be changed. */
  writing?: boolean;
}

const TOKENS = "https://huggingface.co/settings/tokens";

/** The error of a refusal. The response's body is read. */
export async function refusal(response: Response, asked: Asked): Promise<Error> {
  const { endpoint, repo, revision, token, writing } = asked;
  const { status } = response;
  const code = response.headers.get("X-Error-Code") ?? "";
  const said = withoutSecrets(await messageOf(response), token);
  const answer = new HubAnswer(status, code, said);
  const input = (text: string) => new InputError(text, { cause: answer });
  const what = `${repo.type} ${repo.name}`, page = repoPage(endpoint, repo);
  const place = response.url ? new URL(response.url) : new URL(endpoint);
  const other = new OperationError(
    `the hub at ${place.origin} answers with status ${status} for the ${what}: ${said}.`,
    { cause: answer },
  );
  // The servers of large files know neither repositories nor tokens.
  if (code === "" && place.origin !== new URL(endpoint).origin) return other;
  if (code === "GatedRepo") {
    return input(
      `the ${what} is gated: accept its terms at ${page}, ` +
        (token ? "with the account of your token" : `and set HF_TOKEN to a token from ${TOKENS}`) +
        ", then run this again.",
    );
  }
  if (code === "RevisionNotFound") {
    return input(`the ${what} has no revision ${revision}; its branches are at ${page}/tree/main.`);
  }
  if (status === 401 && (code !== "RepoNotFound" || writing)) {
    return input(
      token
        ? `the hub does not accept your token (${said}); make another at ${TOKENS} and set HF_TOKEN, or log in again.`
        : `the hub wants to know who asks for the ${what}; set HF_TOKEN to a token from ${TOKENS}` +
          `${writing ? " that may write" : ""}.`,
    );
  }
  if ((status === 404 && code !== "EntryNotFound") || status === 401) {
    return input(
      `the hub has no ${what}, or it is private and ` +
        (token
          ? "your token may not see it"
          : `needs a token (HF_TOKEN, ${TOKENS}); correct the name, or name a path that exists`) +
        ".",
    );
  }
  if (status === 403) {
    return input(
      writing
        ? `your token may not write to the ${what} (${said}); give it that right at ${TOKENS}, or name another namespace.`
        : `the hub does not let you read the ${what}: ${said}; see ${page}.`,
    );
  }
  if (status === 409 || status === 412) {
    return new OperationError(
      `the ${what} was changed by somebody else meanwhile (${said}); nothing was pushed, run this again.`,
      { cause: answer },
    );
  }
  return other;
}

/** The error of a hub that cannot be reached. */
export const unreachable = (asked: Asked, why: string): Error =>
  new OperationError(
    `the hub at ${asked.endpoint} cannot be reached for the ${asked.repo.type} ${asked.repo.name} (${
      withoutSecrets(why, asked.token)
    }); check the network, HF_ENDPOINT and proxies. What is downloaded already is used with HF_HUB_OFFLINE=1.`,
    { cause: new HubAnswer(0, "", why) },
  );

/**
 * What the library makes of answers.
 *
 * @throws OperationError where one breaks off or is of another kind, such as a page for people to log in to a network
 */
export async function understood<T>(asked: Asked, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HubApiError) {
      const text = withoutSecrets(error.message, asked.token);
      throw new OperationError(
        `the hub at ${asked.endpoint} did not do as it was asked: ${text}.`,
        {
          cause: new HubAnswer(error.statusCode, "", text),
        },
      );
    }
    const isStrange = error instanceof TypeError || error instanceof SyntaxError ||
      error instanceof InvalidApiResponseFormatError;
    throw isStrange ? unreachable(asked, error.message) : error;
  }
}

async function messageOf(response: Response): Promise<string> {
  const header = response.headers.get("X-Error-Message");
  const body = await response.text().catch(() => "");
  if (header) return header;
  try {
    const { error, message } = JSON.parse(body);
    if (typeof (error ?? message) === "string") return error ?? message;
  } catch {
    // Proxies and storage answer with other texts.
  }
  return response.statusText || `status ${response.status}`;
}

/** Addresses lose their queries, in which signatures are. */
const withoutSecrets = (text: string, token: string | undefined): string =>
  (token ? text.replaceAll(token, "hf_…") : text)
    .replaceAll(/(https?:\/\/[^\s?"')]+)\?[^\s"')]*/g, "$1")
    .replace(/\.\s*$/, "");
