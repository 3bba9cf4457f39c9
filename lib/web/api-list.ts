/**
 * The JSON API, as `GET /api` tells it.
 *
 * @module
 */

/** What the API offers. A test holds it against the routes. */
export const API = {
  about:
    "The API of codepref's web app: labeling, datasets, and a look at training runs. Bodies and answers are JSON; an error is { error: sentence }.",
  access:
    "Send the start token that `deno task label` printed once, with POST /api/session: as `token` in the body, " +
    "as `Authorization: Bearer TOKEN` or as ?token=TOKEN. Where people come by accounts, send `invitation` instead, " +
    "once. The cookie of the session is enough from then on, also after a restart.",
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
      method: "GET",
      path: "/api/status",
      does:
        "whether the database can be had. While another program holds it, what has to be stored is answered with " +
        'status 503, Retry-After and { error, code: "database_busy", holder }: nothing is stored then, send it again.',
      answer: { database: "ok or busy", holder: "the program that holds it, when busy" },
    },
    {
      method: "POST",
      path: "/api/session",
      does: "starts a session and sets its cookie; DELETE ends it",
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
        showing: "with pair: which showing of it, 1 or 2",
        question: "a question by number or slug instead",
        except: "a pair that is in hand already and does not come next; may be repeated",
        render: "html: adds `html`, question and codes as safe HTML",
      },
      answer: {
        pair: "id, or null when nothing is left to label",
        showing: "number to send back",
        question:
          "{ slug, number, source, title, difficulty, topics, description, examples, constraints }",
        a: "{ id, code }",
        b: "{ id, code }",
        draft: "whether it is one's own pair of POST /api/generate, which is not saved",
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
        correctness:
          "a, b, same, cannot_judge, or null (not answered, the default); as performance and readability",
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
      path: "/api/labels?mine",
      does: "one's own newest decisions that stand, and how much one has done",
      query: { limit: "1 to 100; default 10", since: "start of `work`; default: midnight" },
      answer: {
        labels: "a list: each as GET /api/labels/ID, with question and created_at",
        work: "{ labeled, skipped, active_ms }",
      },
    },
    {
      method: "GET",
      path: "/api/labels/ID",
      does: "one's own decision, with the names of the models and what measurements suggest",
      answer:
        "{ id, pair, showing, action, preference, correctness, performance, readability, reason, note, models: { a, b }, " +
        "suggestions: { correctness, performance, readability: { verdict: a, b, same or null, reason } } }",
    },
    {
      method: "POST",
      path: "/api/judge",
      does:
        "runs the question's unit tests on one side of a pair, in the sandbox; nothing is stored",
      body: { pair: "from GET /api/next", side: "a or b" },
      answer:
        "{ verdict, cases_total, cases_passed, first_failure, milliseconds, peak_memory_bytes, isolation }",
    },
    {
      method: "GET",
      path: "/api/practice",
      does: "the practice pair that this labeler should answer next; its answers are no labels",
      query: { render: "html: adds `html`, question and codes as safe HTML" },
      answer: "{ total, done, right, next: { pair, question, a, b } or null }",
    },
    {
      method: "POST",
      path: "/api/practice",
      does: "answers a practice pair, once; or passes over all that are left",
      body: {
        pair: "from GET /api/practice",
        preference: "a, b, same or both_bad",
        skip: "true, instead of these: passes over all that are left",
      },
      answer: "{ right, preference: the right answer in sides, reason }",
    },
    {
      method: "POST",
      path: "/api/generate",
      does:
        "has two solutions to a question written, a draft until POST /api/pairs; closing the connection cancels",
      body: {
        question: "slug",
        instruction: "optional: how to ask; an admin's is the one in force from then on",
        keep:
          "optional: { pair, side }: the solution on this side stays, and only the other is written",
      },
      answer:
        "one JSON object a line: { note }, { writing: sides that begin anew }, { text, side: a, b or absent }, and at " +
        "the end { pair } or { error }",
    },
    {
      method: "POST",
      path: "/api/pairs",
      does: "saves a draft: from then on it is a pair like the others",
      body: { pair: "from POST /api/generate" },
      answer: { pair: "its id", stored: true },
    },
    {
      method: "GET",
      path: "/api/labels/export",
      does: "every label with its history as a file, people named by pseudonyms",
      query: {
        format: "csv, jsonl or parquet",
        names: "yes: names instead of pseudonyms",
      },
    },
    {
      method: "GET",
      path: "/api/quality",
      does: "statistics of the labels with 95 % intervals, and the names of their figures",
      answer: "{ totals, alpha, labelers, kappas, self, gold, tests, length, models, … }",
    },
    {
      method: "GET",
      path: "/api/quality/NAME",
      does: "one of these figures as a file",
      query: { format: "svg, or csv: the numbers" },
    },
    {
      method: "GET",
      path: "/api/datasets",
      does: "for admins: the datasets that were published from these labels, the newest first",
      answer: { revisions: "a list: digest, path, hub, train, test, settings, created" },
    },
    {
      method: "POST",
      path: "/api/datasets",
      does:
        "for admins: shows what would be published, or publishes it; closing the connection cancels. A publication that " +
        "broke goes on when it is asked for again.",
      body: {
        action: "preview or publish",
        name: "the folder's name in data/datasets; default lc",
        repo:
          "optional: NAMESPACE/NAME of the hub, by the token of the server's HF_TOKEN or `hf auth login`",
        private: "optional: whether a repository that is made is private; default true",
        accept: "optional: sources and models whose texts may be shown to all",
        "…": "optional: settings of `deno task publish`, from aggregate to test_from",
      },
      answer:
        "one JSON object a line: { done, total, note }, { log }, and at the end { preview }, { published } or { error }",
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
