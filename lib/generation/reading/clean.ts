/**
 * What surrounds an answer and is none of it: thoughts, tokens of the chat template, turns that the model wrote
 * for others; and the many ways to mark code, brought to one.
 *
 * @module
 */

/** An answer without what is not meant for its reader. */
export interface CleanAnswer {
  /** With `\n` at the ends of lines, and fences as the only marks of code. */
  text: string;
  /** The model was still thinking when it ended. */
  isThinking: boolean;
}

/** Removes what is no part of the answer proper. */
export function cleanAnswer(raw: string): CleanAnswer {
  const plain = raw.replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n").replace(
    /[\uFEFF\u200B\u200C\u200D\u2060]/g,
    "",
  );
  const { text, isThinking } = withoutThoughts(plain);
  const answer = firstTurn(text);
  return { text: markedByFences(unquoted(answer)), isThinking };
}

const THOUGHT = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis";

function withoutThoughts(text: string): CleanAnswer {
  // Templates that begin the thought themselves leave only its end in the answer.
  const closing = [
    ...text.matchAll(new RegExp(`(?:^|\n)[^\n\`"']{0,200}</(?:${THOUGHT})>|◁/think▷`, "gi")),
  ].at(-1);
  const opening = text.match(new RegExp(`^\\s*(?:<(${THOUGHT})>|◁think▷)`, "im"));
  if (closing && (!opening || opening.index! < closing.index + closing[0].length)) {
    return withoutThoughts(
      (opening ? text.slice(0, opening.index) : "") + text.slice(closing.index + closing[0].length),
    );
  }
  return opening
    ? { text: text.slice(0, opening.index), isThinking: true }
    : { text, isThinking: false };
}

/** Tokens that end a turn in the templates of common models. */
const END_OF_TURN =
  /<\|(?:im_end|endoftext|eot_id|eom_id|end|end_of_text|end_of_turn|file_sep|file_separator|EOT)\|>|<end_of_turn>|<｜end▁of▁sentence｜>|<EOT>|<\/s>(?=\s|$)|<(?:fim_prefix|fim_middle|fim_suffix|file_sep|repo_name|filename)>/;
const START_OF_TURN =
  /^\s*(?:<\|(?:im_start|start_header_id)\|>\s*(?:assistant)?(?:<\|end_header_id\|>)?|<\|assistant\|>|\[\/INST\]|<s>|<start_of_turn>model|(?:###\s*)?(?:Assistant|Response)\s*:)[ \t]*\n?/i;
/** Another's turn, written by a model that does not know when to end. */
const NEXT_TURN =
  /^(?:<\|(?:im_start|user|system|start_header_id)\|>|<start_of_turn>user|\s*\[INST\]|#{1,3}\s*(?:Instruction|Human|User|Question|Problem|Task)s?\s*:|(?:Human|User|Instruction)\s*:)/im;

function firstTurn(text: string): string {
  let turn = text;
  for (let start = turn.match(START_OF_TURN); start; start = turn.match(START_OF_TURN)) {
    turn = turn.slice(start[0].length);
  }
  const ended = turn.search(END_OF_TURN);
  if (ended >= 0 && turn.slice(0, ended).trim() !== "") turn = turn.slice(0, ended);
  // Before any code, such a headline is the answer's own: the question in other words.
  const code = turn.search(/\b(?:def|class)\s+\w+\s*[(:]/);
  const next = code < 0 ? -1 : turn.slice(code).search(NEXT_TURN);
  return next < 0 ? turn : turn.slice(0, code + next);
}

/** Without the marks of a Markdown quotation that holds code. */
function unquoted(text: string): string {
  const QUOTED = /(?:^[ \t]{0,3}>(?!>>)[^\n]*(?:\n|$)){2,}/gm;
  return text.replace(
    QUOTED,
    (quotation) =>
      /^\s*> ?(?:[`~]{3}|\s*(?:async )?def |\s*class )/m.test(quotation)
        ? quotation.replace(/^[ \t]{0,3}> ?/gm, "")
        : quotation,
  );
}

/** Marks of code that stand in pairs, and what they open; `$1` is the code. */
const PAIRS: [RegExp, string][] = [
  [/\[PYTHON\]([\s\S]*?)(?:\[\/PYTHON\]|(?=\[TESTS?\])|$)/g, "python"],
  [/\[TESTS?\]([\s\S]*?)(?:\[\/TESTS?\]|$)/g, ""],
  [
    /\\begin\{(?:lstlisting|verbatim|code|python|minted)\}(?:\[[^\]\n]*\])?(?:\{\w*\})?([\s\S]*?)(?:\\end\{\w+\}|$)/g,
    "python",
  ],
  [/(?<!["'`])<pre\b[^>]*>\s*(?:<code\b[^>]*>)?([\s\S]*?)(?:<\/code>\s*)?(?:<\/pre>|$)/gi, ""],
  [/(?<!["'`])<code\b[^>]*>([\s\S]*?)<\/code>/gi, ""],
  [/(?<!["'`])<python(?:_?code)?>([\s\S]*?)(?:<\/python(?:_?code)?>|$)/gi, "python"],
  [
    /^[ \t]*'''[ \t]*(?:python\d?|py)[ \t]*\n([\s\S]*?)(?:^[ \t]*'''[ \t]*$|$(?![\s\S]))/gim,
    "python",
  ],
  [
    /^[ \t]*"""[ \t]*(?:python\d?|py)[ \t]*\n([\s\S]*?)(?:^[ \t]*"""[ \t]*$|$(?![\s\S]))/gim,
    "python",
  ],
  [/\{% *highlight +python[^%\n]*%\}([\s\S]*?)(?:\{% *endhighlight *%\}|$)/g, "python"],
];

function markedByFences(text: string): string {
  return PAIRS.reduce((marked, [mark, tag]) =>
    marked.replace(mark, (whole, code: string) => {
      if (!/\b(?:def|class|assert)\b/.test(code)) return whole;
      // Fences within the marks say it all.
      if (/^\s*[`~]{3}/m.test(code)) return `\n${code}\n`;
      return `\n\`\`\`${tag}\n${code.replace(/^[ \t]*\n|\s+$/g, "")}\n\`\`\`\n`;
    }), text);
}
