/**
 * The JSON API, as `GET /api` tells it.
 *
 * @module
 */

/** What the API offers. A test holds it against the routes. */
export const API = {
  about:
    "The API of codepref's web app: labeling, and a look at training runs. Bodies and answers are JSON; an error is { error: sentence }.",
  access:
    "Send the start token that `deno task label` printed once, with POST /api/session: as `token` in the body, " +
    "as `Authorization: Bearer TOKEN` or as ?token=TOKEN. The cookie of the session is enough from then on, also " +
    "after a restart.",
  preference: {
    a: "the solution shown as `a` (on the left) is better",
    b: "the solution shown as `b` (on the right) is better",
    same: "both are equally good",
    both_bad: "neither is acceptable",
    stored: "as version1, version2, same or both_bad, whatever side the versions were shown on",
  },
  endpoints: [
    { method: "GET", path: "/api", does: "this list" },
    {
      method: "POST",
      path: "/api/session",
      does: "starts a session and sets its cookie",
      body: { name: "the labeler's name", token: "the start token, unless sent otherwise" },
      answer: { labeler: "the name as it is stored" },
    },
    {
      method: "GET",
      path: "/api/next",
      does:
        "the pair that this labeler should decide next; the same until it is decided or skipped. Ids are opaque and " +
        "which version is `a` differs from labeler to labeler and pair to pair.",
      query: {
        pair: "a pair by id instead",
        question: "a question by number or slug instead",
        render: "html: adds `html`, question and codes as safe HTML",
      },
      answer: {
        pair: "id, or null when nothing is left to label",
        showing: "number to send back",
        question:
          "{ slug, number, source, title, difficulty, topics, description, examples, constraints }",
        a: "{ id, code }",
        b: "{ id, code }",
        decision: "null, or what this labeler has decided about this showing",
        progress: "{ labeled, skipped, total } in pairs",
      },
    },
    {
      method: "POST",
      path: "/api/labels",
      does:
        "stores a decision once: repeated with the same client_id it gives the same answer. A later decision on the " +
        "same showing replaces the earlier one, whose row is kept.",
      body: {
        client_id: "8 to 64 letters, digits, - or _, chosen by the client, new for each decision",
        pair: "from GET /api/next",
        showing: "from GET /api/next",
        action: "label (default), skip, or undo: takes back the decision that stands",
        preference: "a, b, same or both_bad; only with action label",
        correctness: "a, b, same or null (cannot judge); optional, as performance and readability",
        performance: "as correctness",
        readability: "as correctness",
        reason: "optional text",
        note: "optional text",
        active_ms: "optional: milliseconds of work on the pair",
        wall_ms: "optional: milliseconds since it was shown",
        revealed: "optional: what had been looked at, of tests, models",
      },
      answer: { id: "the label's id", stored: true },
    },
    {
      method: "GET",
      path: "/api/labels/ID",
      does: "one's own decision, with the names of the models",
      answer: "{ id, pair, showing, action, preference, models: { a, b } }",
    },
    {
      method: "POST",
      path: "/api/generate",
      does:
        "has two solutions to a question written and stored as a pair; closing the connection cancels",
      body: { question: "slug", instruction: "optional: kept as the instruction in force" },
      answer: "one JSON object a line: { note }, { text }, and at the end { pair } or { error }",
    },
    {
      method: "GET",
      path: "/api/runs",
      does: "the training runs in the folders of local_dirs, the newest first",
      answer: {
        runs: "a list: dir and name name a run",
        localDirs: "the folders",
        now: "ISO time",
      },
    },
    {
      method: "GET",
      path: "/api/runs/DIR/NAME",
      does: "one run: where it stands, its curves as SVG, its last samples and its settings",
      query: { version: "from an earlier answer: 204 where nothing has changed since" },
      answer: "{ version, state, examples, total, loss, accuracy, secondsLeft, figures, … }",
    },
  ],
};
