/** `deno task label`: the labeling page in the browser, who may come, and pairs whose answer is known. */
import { defineTask, runTask, type Task } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { addGold, GOLD_ANSWERS, listGold, removeGold } from "@/lib/labels/gold.ts";
import { DEFAULT_LABELING } from "@/lib/labels/labeling.ts";
import { addPractice, listPractice, removePractice } from "@/lib/labels/practice.ts";
import { PRACTICE_SAMPLE } from "@/lib/labels/practice-sample.ts";
import { withStore } from "@/lib/store/store.ts";
import { invite, listAccounts, removeAccount, ROLES } from "@/lib/web/accounts.ts";
import { openLabelGenerator, pairMaker } from "@/lib/web/make-pair.ts";
import { originOf, reachOf } from "@/lib/web/reach.ts";
import { GENERATORS } from "@/lib/web/state.ts";
import { serveApp } from "@/lib/web/serve.ts";

const spec = defineTask({
  name: "label",
  summary: "Serve the labeling page: compare two solutions to a question and say which is better.",
  examples: [
    "deno task label",
    "deno task label port=9000 model=ollama:codellama:7b",
    "deno task label users add ada role=admin hosts=[label.example.org]",
    "deno task label host=0.0.0.0 hosts=[label.example.org] cert=cert.pem key=key.pem overlap=3",
    "deno task label gold add PAIR preference=version1",
  ],
  subcommands: {
    users: "accounts of people on other machines: users add NAME, users list, users remove NAME",
    gold: "pairs whose right answer is known: gold add PAIR, gold list, gold remove PAIR",
    practice:
      "pairs that newcomers practise on: practice add PAIR, practice list, practice remove PAIR",
  },
  positionals: {
    name: "word",
    help: "users, gold, practice: what to do (add, list, remove), and the name or pair",
  },
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    host: {
      type: "string",
      default: "127.0.0.1",
      help: "Where to listen; 0.0.0.0 for other machines too, whose people need accounts.",
    },
    port: {
      type: "integer",
      default: 8000,
      min: 0,
      max: 65535,
      help: "The port; 0 takes a free one.",
    },
    hosts: {
      type: "list",
      default: [],
      help: "Names under which others reach the app; requests under other names are refused.",
    },
    cert: { type: "string", optional: true, help: "The certificate for TLS, a file in PEM." },
    key: { type: "string", optional: true, help: "The certificate's private key, a file in PEM." },
    trusted_proxy: {
      type: "string",
      optional: true,
      help: "Address of a proxy that serves the app by TLS; its X-Forwarded headers are believed.",
    },
    model: {
      type: "string",
      default: "auto",
      help:
        "What Generate asks: ollama:NAME:TAG, smollm2, a path, a model of the hub, or auto: a model of an " +
        "Ollama server that answers, else smollm2 in this process.",
    },
    generate: {
      type: "string",
      default: "everybody",
      choices: GENERATORS,
      help: "Who may have pairs made by this model.",
    },
    local_dirs: {
      type: "list",
      default: ["runs"],
      help: "Folders of training runs, which the page /runs follows.",
    },
    token: {
      type: "string",
      optional: true,
      help: "The start token of the printed link; a random one otherwise.",
    },
    overlap: {
      type: "integer",
      default: DEFAULT_LABELING.overlap,
      min: 0,
      help: "Labels of different people that a pair gets; 0: everybody's.",
    },
    repeat: {
      type: "number",
      default: DEFAULT_LABELING.repeat,
      min: 0,
      max: 1,
      help: "The share of pairs that a labeler is shown again later, with the sides swapped.",
    },
    gold: {
      type: "number",
      default: DEFAULT_LABELING.gold,
      min: 0,
      max: 1,
      help: "The share of gold pairs among those that a labeler is shown.",
    },
    practice: {
      type: "integer",
      default: PRACTICE_SAMPLE.length,
      min: 0,
      help:
        "How many pairs with explained answers a newcomer gets before the first pair; 0: none. Those of practice add, " +
        "or else some that come with the app.",
    },
    reserve_minutes: {
      type: "number",
      default: DEFAULT_LABELING.reserveMinutes,
      min: 0,
      help: "For how long nobody else gets a pair that somebody looks at.",
    },
    role: {
      type: "string",
      default: "labeler",
      choices: ROLES,
      help: "users add: what the account may do.",
    },
    invitation_hours: {
      type: "number",
      default: 72,
      min: 0,
      help: "users add: how long the link works.",
    },
    preference: {
      type: "string",
      optional: true,
      choices: GOLD_ANSWERS,
      help: "gold add, practice add: the right answer.",
    },
    note: { type: "string", optional: true, help: "gold add, practice add: why it is right." },
  },
});

type LabelTask = Task<typeof spec>;

const HELP = "deno task label --help lists what it takes.";

await runTask(spec, async (task) => {
  // What is written from now on, DuckDB's own files included, is for this user alone.
  Deno.umask(0o077);
  switch (task.subcommand) {
    case "users":
      return await users(task);
    case "gold":
      return await gold(task);
    case "practice":
      return await practice(task);
    default:
      return await serve(task);
  }
});

async function serve({ values, positionals, signal, log, result }: LabelTask): Promise<void> {
  if (positionals.length > 0) throw new InputError(`What is ${positionals[0]}? ${HELP}`);
  const {
    model,
    token,
    local_dirs,
    overlap,
    repeat,
    gold,
    practice,
    generate,
    reserve_minutes,
    ...rest
  } = values;
  const reach = reachSettings(values);
  const serving = await serveApp({
    ...reach,
    db: rest.db,
    port: rest.port,
    token: token ?? undefined,
    localDirs: local_dirs,
    practice,
    generate,
    labeling: { overlap, repeat, gold, reserveMinutes: reserve_minutes },
    makePair: (db, lease) => pairMaker(db, lease, () => openLabelGenerator(model)),
  });
  const { link, origin, team } = serving;
  const come = team
    ? `People with accounts label here:\n\n  ${link}\n`
    : `Open this link to label:\n\n  ${link}\n`;
  result(
    { url: link, origin, ...team ? {} : { token: serving.token } },
    `${come}\nTraining runs: ${origin}/runs\n`,
  );
  if (reachOf(reach).open) {
    log(
      "Without TLS whoever is on the network's way can read along and take over sessions: give cert= and key=, or " +
        "trusted_proxy=.",
    );
  }
  log("Everything is saved at once; stop with Ctrl-C.");
  signal.addEventListener("abort", () => serving.stop());
  await serving.finished;
}

async function users({ values, positionals, result }: LabelTask): Promise<void> {
  const { db, role, invitation_hours, port } = values;
  const [action, name] = words(positionals);
  if (action === "list") {
    const accounts = await withStore(db, listAccounts, { create: false });
    if (accounts.length === 0) {
      result({ accounts }, "No accounts yet: deno task label users add NAME");
    }
    for (const account of accounts) {
      const { name, role, state, labels } = account;
      result(account, `${name}: ${role}, ${state}, ${labels} labels`);
    }
  } else if (action === "remove") {
    await withStore(db, (store) => removeAccount(store, name), { create: false });
    result({ removed: name }, `${name} cannot come in any more; what ${name} labeled stays.`);
  } else {
    const made = await withStore(db, (store) => invite(store, name, role, invitation_hours), {
      create: false,
    });
    const link = `${originOf(reachSettings(values), port)}/join/${made.invitation}`;
    result(
      { name: made.name, role, link, hours: invitation_hours },
      `${made.name} comes in by this link, once, within ${invitation_hours} hours:\n\n  ${link}\n`,
    );
  }
}

async function gold({ values, positionals, result }: LabelTask): Promise<void> {
  const { db, preference, note } = values;
  const [action, pair] = words(positionals);
  if (action === "list") {
    const pairs = await withStore(db, listGold, { create: false });
    if (pairs.length === 0) result({ pairs }, "No gold pairs yet: deno task label gold add PAIR");
    for (const gold of pairs) {
      result(gold, `${gold.pair}: ${gold.preference}${gold.note ? ` (${gold.note})` : ""}`);
    }
  } else if (action === "remove") {
    await withStore(db, (store) => removeGold(store, pair), { create: false });
    result({ removed: pair }, `${pair} is a pair like the others.`);
  } else {
    if (preference === null) {
      throw new InputError(`Say what the right answer is: preference=${GOLD_ANSWERS.join(" or ")}`);
    }
    await withStore(db, (store) => addGold(store, { pair, preference, note }), { create: false });
    result({ pair, preference, note }, `${pair} is gold: ${preference}`);
  }
}

async function practice({ values, positionals, result }: LabelTask): Promise<void> {
  const { db, preference, note } = values;
  const [action, pair] = words(positionals);
  if (action === "list") {
    const pairs = await withStore(db, listPractice, { create: false });
    if (pairs.length === 0) {
      result(
        { pairs },
        "None of this database; newcomers get those that come with the app. deno task label practice add PAIR",
      );
    }
    for (const practice of pairs) {
      const { pair, preference, note, answered, right } = practice;
      result(practice, `${pair}: ${preference} (${note}), ${right} of ${answered} answers right`);
    }
  } else if (action === "remove") {
    await withStore(db, (store) => removePractice(store, pair), { create: false });
    result({ removed: pair }, `${pair} is a pair like the others.`);
  } else {
    await withStore(db, (store) => addPractice(store, { pair, preference, note }), {
      create: false,
    });
    result({ pair }, `Newcomers practise on ${pair}.`);
  }
}

/** What to do, and with which name or pair. */
function words([action, name, ...more]: readonly string[]): ["add" | "list" | "remove", string] {
  if (action === "list" && name === undefined) return [action, ""];
  if ((action === "add" || action === "remove") && name !== undefined && more.length === 0) {
    return [action, name];
  }
  throw new InputError(`Say add NAME, list or remove NAME. ${HELP}`);
}

function reachSettings({ host, hosts, cert, key, trusted_proxy }: LabelTask["values"]) {
  return {
    host,
    hosts,
    cert: cert ?? undefined,
    key: key ?? undefined,
    trustedProxy: trusted_proxy ?? undefined,
  };
}
