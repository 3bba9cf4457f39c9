/**
 * The tables of one codepref database. Rows that a person or a run speaks are only ever appended.
 *
 * There are no foreign keys: DuckDB refuses updates of rows that another table refers to. Whether the
 * references hold is checked by the tests instead.
 *
 * @module
 */

/** Version of the schema below; a database of a newer version is refused. */
export const SCHEMA_VERSION = 1;

/** Statements that bring an empty database to {@link SCHEMA_VERSION}, safe to repeat. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value JSON NOT NULL);

-- One programming question. slug: two-sum, humaneval-0. number: the source's own number.
CREATE TABLE IF NOT EXISTS questions (
  slug TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  difficulty TEXT NOT NULL,             -- easy | medium | hard | unknown
  topics TEXT[] NOT NULL,
  description TEXT NOT NULL,            -- Markdown
  examples TEXT[] NOT NULL,             -- Markdown, one per example
  constraints TEXT NOT NULL,            -- Markdown
  entry_point TEXT NOT NULL,            -- the function that the tests call
  starter_code TEXT NOT NULL,
  harness JSON,                         -- how the tests call and compare (see lib/judging); NULL: not runnable
  reference_code TEXT,                  -- the source's own solution, where it has one
  source TEXT NOT NULL,                 -- leetcode | humaneval | ...
  source_version TEXT NOT NULL,
  licence TEXT NOT NULL,
  redistributable BOOLEAN NOT NULL,
  split TEXT NOT NULL                   -- train | evaluation: fixed per question, evaluation never enters training
);
CREATE TABLE IF NOT EXISTS question_tests (
  slug TEXT NOT NULL,
  position INTEGER NOT NULL,
  input TEXT NOT NULL,                  -- Python source of the argument tuple
  expected TEXT NOT NULL,               -- Python source of the expected value
  PRIMARY KEY (slug, position)
);

-- One answer of one model to one question. An answer that holds two versions makes two rows with one request_key.
CREATE TABLE IF NOT EXISTS generations (
  id TEXT PRIMARY KEY,
  request_key TEXT NOT NULL,            -- digest of question, prompt, options, seed and model digest
  variant INTEGER NOT NULL,             -- which code block of the answer: 0, 1
  slug TEXT NOT NULL,
  prompt TEXT NOT NULL,
  options JSON NOT NULL,                -- temperature, top_p, num_predict, seed, ...
  model TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  provider TEXT NOT NULL,               -- ollama | embedded | reference
  raw_text TEXT NOT NULL,
  code TEXT,                            -- NULL: no code could be read from raw_text
  status TEXT NOT NULL,                 -- ok | unread | cut | refused | empty
  done_reason TEXT NOT NULL,            -- stop | length
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  milliseconds DOUBLE NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp,
  UNIQUE (request_key, variant)
);

-- Two generations of one question, shown together. version1 and version2 are generation ids.
CREATE TABLE IF NOT EXISTS pairs (
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL,
  version1 TEXT NOT NULL,
  version2 TEXT NOT NULL,
  kind TEXT NOT NULL,                   -- generated | synthetic (a reference solution against a failing answer)
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp,
  UNIQUE (version1, version2)
);

-- One run of the unit tests on one generation.
CREATE TABLE IF NOT EXISTS judgements (
  id TEXT PRIMARY KEY,
  generation TEXT NOT NULL,
  tests_digest TEXT NOT NULL,
  verdict TEXT NOT NULL,                -- pass | wrong | error | timeout | memory | killed
  cases_total INTEGER NOT NULL,
  cases_passed INTEGER NOT NULL,
  first_failure JSON,                   -- { position, input, expected, got, error }
  milliseconds DOUBLE NOT NULL,
  peak_memory_bytes BIGINT NOT NULL,
  isolation TEXT NOT NULL,
  judged_at TIMESTAMP NOT NULL DEFAULT current_timestamp,
  UNIQUE (generation, tests_digest)
);

-- One decision of one labeler on one showing of a pair. Verdicts name versions, whatever side they were shown on.
CREATE TABLE IF NOT EXISTS labels (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  pair TEXT NOT NULL,
  showing INTEGER NOT NULL,
  action TEXT NOT NULL,                 -- label | skip | undo
  supersedes TEXT,
  labeler TEXT NOT NULL,
  labeler_kind TEXT NOT NULL,           -- human | tests | judge | synthetic
  preference TEXT,                      -- version1 | version2 | same | both_bad
  correctness TEXT,                     -- version1 | version2 | same | NULL: cannot judge
  performance TEXT,
  readability TEXT,
  side_order TEXT NOT NULL,             -- 12: version1 was on the left; 21: version2 was
  reason TEXT,
  note TEXT,
  active_ms DOUBLE NOT NULL,
  wall_ms DOUBLE NOT NULL,
  revealed JSON NOT NULL,               -- what the labeler had looked at: tests, models
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp
);
CREATE TABLE IF NOT EXISTS labelers (name TEXT PRIMARY KEY, kind TEXT NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT current_timestamp);
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, labeler TEXT NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT current_timestamp);
CREATE TABLE IF NOT EXISTS reservations (pair TEXT NOT NULL, labeler TEXT NOT NULL, until TIMESTAMP NOT NULL, PRIMARY KEY (pair, labeler));
CREATE TABLE IF NOT EXISTS gold (pair TEXT PRIMARY KEY, preference TEXT NOT NULL, note TEXT);

CREATE TABLE IF NOT EXISTS dataset_revisions (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, digest TEXT NOT NULL, card JSON NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp
);
CREATE TABLE IF NOT EXISTS rounds (
  number INTEGER PRIMARY KEY, model TEXT NOT NULL, model_digest TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp
);
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, exp_name TEXT NOT NULL, folder TEXT NOT NULL, config JSON NOT NULL, status TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp
);
CREATE TABLE IF NOT EXISTS metrics (
  run TEXT NOT NULL, examples BIGINT NOT NULL, name TEXT NOT NULL, value DOUBLE NOT NULL,
  PRIMARY KEY (run, examples, name)
);

-- The shape of the original project's database, so that its SELECTs go on working.
CREATE OR REPLACE VIEW leetcode_problems AS
  WITH current AS (
    SELECT pair, preference,
           row_number() OVER (PARTITION BY pair ORDER BY (labeler_kind = 'human') DESC, created_at DESC, id DESC) AS newest
    FROM labels
    WHERE action = 'label' AND id NOT IN (SELECT supersedes FROM labels WHERE supersedes IS NOT NULL)
  )
  SELECT q.number AS id, q.difficulty, q.title, q.description,
         g1.code AS version1, g2.code AS version2, c.preference
  FROM pairs p
  JOIN questions q ON q.slug = p.slug
  JOIN generations g1 ON g1.id = p.version1
  JOIN generations g2 ON g2.id = p.version2
  LEFT JOIN current c ON c.pair = p.id AND c.newest = 1;
CREATE OR REPLACE VIEW leetcode_tests AS
  SELECT q.number AS id, q.entry_point AS function_name,
         list(t.input ORDER BY t.position) AS inputs, list(t.expected ORDER BY t.position) AS outputs
  FROM questions q JOIN question_tests t ON t.slug = q.slug
  GROUP BY q.slug, q.number, q.entry_point;
`;
