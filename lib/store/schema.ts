/**
 * The tables of one codepref database. Rows that a person or a run speaks are only ever appended.
 *
 * There are no foreign keys: DuckDB refuses updates of rows that another table refers to. Whether the
 * references hold is checked by the tests instead.
 *
 * No column is ever added to a table that has a computed default (`current_timestamp`): DuckDB 1.5 fails when it
 * replays such an ALTER from the write-ahead log, and the file cannot be opened again. What comes later gets a table
 * of its own.
 *
 * @module
 */

/** Version of the schema below; a database of a newer version is refused. */
export const SCHEMA_VERSION = 3;

/** Statements that bring an empty database to {@link SCHEMA_VERSION}, safe to repeat. */
export const SCHEMA = `
-- Single values: the schema's version, secrets of this database, the instruction that the web app edits.
CREATE TABLE IF NOT EXISTS settings (
  key TEXT PRIMARY KEY,                 -- its name
  value JSON NOT NULL                   -- its value
);

-- One programming question.
CREATE TABLE IF NOT EXISTS questions (
  slug TEXT PRIMARY KEY,                -- two-sum, humaneval-0
  number INTEGER NOT NULL,              -- the source's own number
  title TEXT NOT NULL,                  -- for people
  difficulty TEXT NOT NULL,             -- easy | medium | hard | unknown
  topics TEXT[] NOT NULL,               -- of the source, such as Array
  description TEXT NOT NULL,            -- Markdown
  examples TEXT[] NOT NULL,             -- Markdown, one per example
  constraints TEXT NOT NULL,            -- Markdown
  entry_point TEXT NOT NULL,            -- the function that the tests call
  starter_code TEXT NOT NULL,           -- what the answer begins with: signature and imports
  harness JSON,                         -- how the tests call and compare (see lib/judging); NULL: not runnable
  unrunnable TEXT,                      -- why harness is NULL
  reference_code TEXT,                  -- the source's own solution, where it has one
  reference_seconds DOUBLE,             -- CPU time of its slowest case here; NULL: not measured
  source TEXT NOT NULL,                 -- leetcode | humaneval | ...
  source_version TEXT NOT NULL,         -- version of the package or file that it came from
  licence TEXT NOT NULL,                -- SPDX name, or what the source says
  redistributable BOOLEAN NOT NULL,     -- whether its text may be published
  split TEXT NOT NULL                   -- train | evaluation: fixed per question, evaluation never enters training
);
-- The cases of a question.
CREATE TABLE IF NOT EXISTS question_tests (
  slug TEXT NOT NULL,                   -- the question
  position INTEGER NOT NULL,            -- its place among the cases, from 0
  input TEXT NOT NULL,                  -- Python source of the argument tuple
  expected TEXT NOT NULL,               -- Python source of the expected value
  flaw TEXT,                            -- why no verdict rests on it: how the source's own solution failed it
  PRIMARY KEY (slug, position)
);
-- Schema 1 had none of these.
ALTER TABLE questions ADD COLUMN IF NOT EXISTS unrunnable TEXT;
ALTER TABLE questions ADD COLUMN IF NOT EXISTS reference_seconds DOUBLE;
ALTER TABLE question_tests ADD COLUMN IF NOT EXISTS flaw TEXT;
-- Schema 2 had none of these.
ALTER TABLE questions ADD COLUMN IF NOT EXISTS released DATE; -- when it came out at its source; NULL: not known

-- One answer of one model to one question. An answer that holds two versions makes two rows with one request_key.
CREATE TABLE IF NOT EXISTS generations (
  id TEXT PRIMARY KEY,                  -- made from request_key and variant
  request_key TEXT NOT NULL,            -- digest of question, prompt, options, seed and model digest
  variant INTEGER NOT NULL,             -- which code block of the answer: 0, 1
  slug TEXT NOT NULL,                   -- the question
  prompt TEXT NOT NULL,                 -- all that the model was asked
  options JSON NOT NULL,                -- temperature, top_p, num_predict, seed, ...
  model TEXT NOT NULL,                  -- as model= names it
  model_digest TEXT NOT NULL,           -- of its weights
  provider TEXT NOT NULL,               -- ollama | embedded | reference
  raw_text TEXT NOT NULL,               -- the whole answer
  code TEXT,                            -- NULL: no code could be read from raw_text
  status TEXT NOT NULL,                 -- ok | unread | cut | prompt_cut | refused | empty
  done_reason TEXT NOT NULL,            -- stop | length | prompt
  prompt_tokens INTEGER NOT NULL,       -- as the model's tokenizer counts them
  completion_tokens INTEGER NOT NULL,   -- of the whole answer
  milliseconds DOUBLE NOT NULL,         -- from the request to the end of the answer
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when it was stored
  UNIQUE (request_key, variant)
);

-- Two generations of one question, shown together.
CREATE TABLE IF NOT EXISTS pairs (
  id TEXT PRIMARY KEY,                  -- made from its versions
  slug TEXT NOT NULL,                   -- the question
  version1 TEXT NOT NULL,               -- a generation
  version2 TEXT NOT NULL,               -- another one of the same question
  kind TEXT NOT NULL,                   -- generated | synthetic (a reference solution against a failing answer)
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when it was made
  UNIQUE (version1, version2)
);
-- Pairs that a labeler had made in the web app and has not saved: they are in pairs from then on, and no longer here.
CREATE TABLE IF NOT EXISTS draft_pairs (
  id TEXT PRIMARY KEY,                  -- as in pairs, once it is saved
  slug TEXT NOT NULL,                   -- the question
  version1 TEXT NOT NULL,               -- as in pairs
  version2 TEXT NOT NULL,               -- as in pairs
  labeler TEXT NOT NULL,                -- whose it is
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it was made
);

-- One run of the unit tests on one generation.
CREATE TABLE IF NOT EXISTS judgements (
  id TEXT PRIMARY KEY,                  -- of this run
  generation TEXT NOT NULL,             -- what was judged
  tests_digest TEXT NOT NULL,           -- of the cases that it was judged by
  verdict TEXT NOT NULL,                -- pass | wrong | error | timeout | memory | killed
  cases_total INTEGER NOT NULL,         -- cases of the question, flawed ones left out
  cases_passed INTEGER NOT NULL,        -- how many of them passed
  first_failure JSON,                   -- { position, input, expected, got, error }
  milliseconds DOUBLE NOT NULL,         -- of all cases, by the clock
  peak_memory_bytes BIGINT NOT NULL,    -- largest of a case
  isolation TEXT NOT NULL,              -- what it was kept in: see docs/judging.md
  judged_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when it ran
  UNIQUE (generation, tests_digest)
);

-- How long the two versions of a pair take beside each other, where both pass their tests.
CREATE TABLE IF NOT EXISTS timings (
  pair TEXT NOT NULL,                   -- the pair
  tests_digest TEXT NOT NULL,           -- of the cases whose inputs were enlarged
  ratio DOUBLE NOT NULL,                -- CPU time of version1 over that of version2
  low DOUBLE NOT NULL,                  -- 99 % confidence interval of the ratio
  high DOUBLE NOT NULL,                 -- its other end
  faster TEXT NOT NULL,                 -- version1 | version2 | same: no difference found
  position INTEGER NOT NULL,            -- the case that was enlarged
  factor INTEGER NOT NULL,              -- how many times as large it was
  repeats INTEGER NOT NULL,             -- calls in one run
  growth JSON NOT NULL,                 -- [{ factor, a, b }]: CPU seconds of one call at each size
  isolation TEXT NOT NULL,              -- what it was kept in: see docs/judging.md
  measured_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when
  PRIMARY KEY (pair, tests_digest)
);

-- One decision of one labeler on one showing of a pair. Verdicts name versions, whatever side they were shown on.
CREATE TABLE IF NOT EXISTS labels (
  id TEXT PRIMARY KEY,                  -- of this decision
  client_id TEXT NOT NULL UNIQUE,       -- the page's own id, the same when it sends again
  pair TEXT NOT NULL,                   -- what was decided on
  showing INTEGER NOT NULL,             -- which showing of the pair, from 1
  action TEXT NOT NULL,                 -- label | skip | undo
  supersedes TEXT,                      -- the label whose place it takes, or that it undoes
  labeler TEXT NOT NULL,                -- name of the person or rule
  labeler_kind TEXT NOT NULL,           -- human | tests | judge | synthetic
  preference TEXT,                      -- version1 | version2 | same | both_bad
  correctness TEXT,                     -- version1 | version2 | same | cannot_judge | NULL: not answered
  performance TEXT,                     -- as correctness
  readability TEXT,                     -- as correctness
  side_order TEXT NOT NULL,             -- 12: version1 was on the left; 21: version2 was
  reason TEXT,                          -- why the labeler preferred it, where asked
  note TEXT,                            -- free words
  active_ms DOUBLE NOT NULL,            -- time at the page, without pauses
  wall_ms DOUBLE NOT NULL,              -- time from showing to decision
  revealed JSON NOT NULL,               -- what the labeler had looked at: tests, models
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it was stored
);
-- Who labels, people and rules.
CREATE TABLE IF NOT EXISTS labelers (
  name TEXT PRIMARY KEY,                -- as in labels
  kind TEXT NOT NULL,                   -- human | tests | judge | synthetic
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it first labeled
);
-- Sessions of the web app that began with the start token.
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,                  -- what the signed cookie holds
  labeler TEXT NOT NULL,                -- who it is
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it began
);
-- Who may come from other machines. A removed account keeps its row, and its labels.
CREATE TABLE IF NOT EXISTS accounts (
  name TEXT PRIMARY KEY,                -- as in labels
  role TEXT NOT NULL,                   -- labeler | admin
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when it was made
  removed_at TIMESTAMP                  -- when it was removed; NULL: it is not
);
-- One-use links to an account, whose secrets are kept nowhere.
CREATE TABLE IF NOT EXISTS invitations (
  digest TEXT PRIMARY KEY,              -- SHA-256 of the link's secret
  account TEXT NOT NULL,                -- whom it lets in
  expires_at TIMESTAMP NOT NULL,        -- until when
  used_at TIMESTAMP,                    -- NULL: it was not used yet
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it was made
);
-- Sessions that began with an invitation; those that began with the start token are in sessions.
CREATE TABLE IF NOT EXISTS account_sessions (
  id TEXT PRIMARY KEY,                  -- what the signed cookie holds
  account TEXT NOT NULL,                -- whose it is
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when it began
  expires_at TIMESTAMP NOT NULL,        -- until when
  ended_at TIMESTAMP                    -- when it was ended before that; NULL: it was not
);
-- Who works on which pair, until when; the app keeps it in memory and notes it here for its next start.
CREATE TABLE IF NOT EXISTS reservations (
  pair TEXT NOT NULL,                   -- the pair
  labeler TEXT NOT NULL,                -- who works on it
  until TIMESTAMP NOT NULL,             -- when it is free again
  PRIMARY KEY (pair, labeler)
);
-- Pairs whose answer is known, to compare labelers with.
CREATE TABLE IF NOT EXISTS gold (
  pair TEXT PRIMARY KEY,                -- the pair
  preference TEXT NOT NULL,             -- as in labels
  note TEXT                             -- why
);
-- Pairs that newcomers practise on; nobody is asked to label them.
CREATE TABLE IF NOT EXISTS practice_pairs (
  pair TEXT PRIMARY KEY,                -- the pair
  preference TEXT NOT NULL,             -- the right answer, as in labels
  note TEXT NOT NULL                    -- why, which labelers are told
);
-- What newcomers answered; none of it is a label.
CREATE TABLE IF NOT EXISTS practice_answers (
  labeler TEXT NOT NULL,                -- who
  pair TEXT NOT NULL,                   -- in practice_pairs, or one that comes with the app
  preference TEXT,                      -- as in labels; NULL: passed over
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp, -- when
  PRIMARY KEY (labeler, pair)
);

-- Datasets that were published from here.
CREATE TABLE IF NOT EXISTS dataset_revisions (
  id TEXT PRIMARY KEY,                  -- of this revision
  path TEXT NOT NULL,                   -- its folder
  digest TEXT NOT NULL,                 -- of its files
  card JSON NOT NULL,                   -- what its card says
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it was published
);
-- Where a revision is on a hub.
CREATE TABLE IF NOT EXISTS dataset_pushes (
  revision TEXT PRIMARY KEY,            -- id in dataset_revisions
  repo TEXT NOT NULL,                   -- NAMESPACE/NAME
  hub_commit TEXT NOT NULL              -- the commit there
);
-- Rounds of the loop, each with the model that writes the pairs.
CREATE TABLE IF NOT EXISTS rounds (
  number INTEGER PRIMARY KEY,           -- from 1
  model TEXT NOT NULL,                  -- as model= names it
  model_digest TEXT NOT NULL,           -- of its weights
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it began
);
-- Training runs, as their folders tell of them.
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY,                  -- the folder's name
  exp_name TEXT NOT NULL,               -- name of the experiment
  folder TEXT NOT NULL,                 -- its path
  config JSON NOT NULL,                 -- its config.json
  status TEXT NOT NULL,                 -- running | stopped | finished
  created_at TIMESTAMP NOT NULL DEFAULT current_timestamp -- when it was first copied here
);
-- The numbers of training runs: names and units in docs/reference/metrics.md.
CREATE TABLE IF NOT EXISTS metrics (
  run TEXT NOT NULL,                    -- id in runs
  examples BIGINT NOT NULL,             -- examples trained on
  name TEXT NOT NULL,                   -- such as loss/train
  value DOUBLE NOT NULL,                -- its value
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
