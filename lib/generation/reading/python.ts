/**
 * What a piece of text is as a Python program: whether it is one, and what its top level defines and uses.
 *
 * Lezer's grammar and not CPython's `ast`: it parses in this process, a thousand answers a second, needs no
 * Python, and gives a tree for text with errors too. It takes a little more than CPython does (Python 2's
 * `print`, odd dedents), which is right here: code that a model wrote wrongly is still the code it wrote.
 *
 * @module
 */
import { parser } from "@lezer/python";
import type { SyntaxNode } from "@lezer/common";

/** A statement at the top level, with the decorators and the text that belong to it. */
export interface Statement {
  kind: "import" | "function" | "class" | "assignment" | "call" | "text" | "comment" | "other";
  /** Position of its first and behind its last character. */
  from: number;
  to: number;
  /** Names that it binds at the top level. */
  binds: string[];
  /** Names that occur in it, local ones among them; attributes are none. */
  uses: Set<string>;
  /** Parameters of a function, `self` among them; empty for everything else. */
  parameters: string[];
  /** Methods of a class by name. */
  methods: Map<string, { parameters: string[]; attributes: Set<string> }>;
  /** A function without work: `pass`, `...`, a docstring alone; a class of such functions alone. */
  isStub: boolean;
  /** Bases of a class. */
  bases: string[];
}

/** A text seen as Python. */
export interface Program {
  text: string;
  /** Whether all of it is Python. */
  isValid: boolean;
  statements: Statement[];
}

const KINDS: Record<string, Statement["kind"]> = {
  ImportStatement: "import",
  FunctionDefinition: "function",
  ClassDefinition: "class",
  AssignStatement: "assignment",
  Comment: "comment",
};

/** Parses a text as a module. */
export function parsePython(text: string): Program {
  const tree = treeOf(text);
  let isValid = true;
  tree.iterate({
    enter(node) {
      const words = text.slice(node.from, node.to);
      if (node.type.isError || isTornString(node.name, words) || isNoName(node.name, words)) {
        isValid = false;
      }
    },
  });
  const statements: Statement[] = [];
  for (let node = tree.topNode.firstChild; node; node = node.nextSibling) {
    if (!node.type.isError) statements.push(statement(node, text));
  }
  return { text, isValid, statements };
}

/** The text of a statement. */
export function textOf(program: Program, { from, to }: Statement): string {
  return program.text.slice(from, to);
}

/** Functions and classes, also those that are a name for a lambda expression. */
export function isDefinition({ kind }: Statement): boolean {
  return kind === "function" || kind === "class";
}

/** Replaces a name wherever it is one: in its definition, its uses and, for a method, behind a dot. */
export function renamed(text: string, from: string, to: string, isMethod: boolean): string {
  const spots: number[] = [];
  treeOf(text).iterate({
    enter(node) {
      if (text.slice(node.from, node.to) !== from) return;
      const isKeyword = node.node.parent?.name === "ArgList" &&
        node.node.nextSibling?.name === "AssignOp";
      if (node.name === "PropertyName" ? isMethod : node.name === "VariableName" && !isKeyword) {
        spots.push(node.from);
      }
    },
  });
  return spots.reverse().reduce(
    (result, at) => result.slice(0, at) + to + result.slice(at + from.length),
    text,
  );
}

/** A token of a program. */
export interface Token {
  text: string;
  /** The grammar's name for it: `VariableName`, `Number`, `def`. */
  type: string;
}

/** Every name that a program gives a value, at its top level or in a function. */
export function boundNames(text: string): Set<string> {
  return boundIn(treeOf(text).topNode, text);
}

/** The tokens of a program without comments and docstrings; where blocks begin and end are tokens too. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const push = (text: string, type = text) => tokens.push({ text, type });
  treeOf(text).cursor().iterate(({ node, name, from, to }) => {
    if (name === "Comment" || isDocstring(node)) return false;
    if (name === "Body") push("{");
    if (node.firstChild && name !== "FormatString") return true;
    if (to > from) push(text.slice(from, to), name);
    return false;
  }, ({ node, name }) => {
    if (name === "Body") push("}");
    else if (/Statement$|Definition$/.test(name) && !isDocstring(node)) push(";");
  });
  return tokens;
}

/** The tree, with a line end added; `1.` is written `10`, because Lezer wants a digit behind the point. */
function treeOf(text: string) {
  return parser.parse(`${text.replace(/(?<![\w.])(\d+)\.(?![\w.])/g, (_, d) => `${d}0`)}\n`);
}

function isTornString(type: string, text: string): boolean {
  if (type !== "String" && type !== "FormatString") return false;
  const quote = text.match(/^[a-zA-Z]*('''|"""|'|")/)?.[1];
  return quote !== undefined && (text.length < 2 * quote.length || !text.endsWith(quote));
}

/** Lezer takes every character beyond ASCII for a letter, typographic quotes among them. */
function isNoName(type: string, text: string): boolean {
  return type === "VariableName" && !/^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(text);
}

function isDocstring(node: SyntaxNode): boolean {
  return node.name === "ExpressionStatement" && node.firstChild?.name === "String" &&
    node.firstChild.nextSibling === null;
}

function statement(node: SyntaxNode, text: string): Statement {
  const inner = node.name === "DecoratedStatement" ? node.lastChild! : node;
  const made: Statement = {
    kind: KINDS[inner.name] ?? "other",
    from: node.from,
    to: node.from + text.slice(node.from, node.to).trimEnd().length,
    binds: [],
    uses: usedIn(node, text),
    parameters: [],
    methods: new Map(),
    isStub: false,
    bases: [],
  };
  const word = (at: SyntaxNode | null) => at ? text.slice(at.from, at.to) : "";
  if (inner.name === "FunctionDefinition") {
    // `def add(a: Int): Int = a` is Scala, though it parses.
    if (isOneAssignment(inner, text)) made.kind = "other";
    made.binds = [word(inner.getChild("VariableName"))];
    made.parameters = parametersOf(inner, text);
    made.isStub = hasEmptyBody(inner, text);
  } else if (inner.name === "ClassDefinition") {
    made.binds = [word(inner.getChild("VariableName"))];
    made.bases = inner.getChild("ArgList")?.getChildren("VariableName").map(word) ?? [];
    const methods = (inner.getChild("Body")?.getChildren("FunctionDefinition") ?? []).concat(
      inner.getChild("Body")?.getChildren("DecoratedStatement")
        .map((decorated) => decorated.lastChild!)
        .filter((last) => last.name === "FunctionDefinition") ?? [],
    );
    for (const method of methods) {
      made.methods.set(word(method.getChild("VariableName")), {
        parameters: parametersOf(method, text),
        attributes: namesIn(method, text, "PropertyName"),
      });
    }
    made.isStub = methods.length > 0
      ? methods.every((method) => hasEmptyBody(method, text))
      : hasEmptyBody(inner, text);
  } else if (inner.name === "AssignStatement") {
    const [target, ...rest] = children(inner);
    made.binds = target?.name === "VariableName" ? [word(target)] : [];
    const lambda = rest.find((child) => child.name === "LambdaExpression");
    if (made.binds.length > 0 && lambda) {
      made.kind = "function";
      made.parameters = parametersOf(lambda, text);
    } else if (!rest.some((child) => child.name === "AssignOp")) made.kind = "other";
  } else if (inner.name === "ImportStatement") {
    made.binds = importedNames(word(inner));
  } else if (inner.name === "ExpressionStatement") {
    const expression = inner.firstChild?.name;
    if (expression === "CallExpression" || expression === "AwaitExpression") made.kind = "call";
    else if (isDocstring(inner)) made.kind = "text";
  }
  return made;
}

function isOneAssignment(node: SyntaxNode, text: string): boolean {
  const body = node.getChild("Body");
  if (!body) return false;
  const [colon, ...statements] = children(body);
  return statements.length > 0 && statements.every(({ name }) => name === "AssignStatement") &&
    !text.slice(colon.to, statements[0].from).includes("\n");
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

function namesIn(
  node: SyntaxNode,
  text: string,
  type: "VariableName" | "PropertyName" = "VariableName",
): Set<string> {
  const names = new Set<string>();
  node.cursor().iterate((at) => {
    if (at.name === type) names.add(text.slice(at.from, at.to));
  });
  return names;
}

/** Names in a statement that it does not bind itself. */
function usedIn(node: SyntaxNode, text: string): Set<string> {
  const names = namesIn(node, text);
  for (const name of boundIn(node, text)) names.delete(name);
  return names;
}

/** Names that are given a value anywhere in a node: parameters, targets, functions and classes. */
function boundIn(node: SyntaxNode, text: string): Set<string> {
  const names = new Set<string>();
  const bind = (from: SyntaxNode | null, until: string) => {
    for (let at = from; at && at.name !== until; at = at.nextSibling) {
      if (at.name === "VariableName") names.add(text.slice(at.from, at.to));
      else if (/^(Tuple|Array|Parenthesized)Expression$/.test(at.name)) bind(at.firstChild, until);
    }
  };
  node.cursor().iterate(({ node: at }) => {
    if (at.name === "ParamList") parametersOf(at, text).forEach((name) => names.add(name));
    else if (at.name === "AssignStatement") bind(at.firstChild, "AssignOp");
    else if (at.name === "for") bind(at.nextSibling, "in");
    else if (at.name === "def" || at.name === "class") bind(at.nextSibling, "Body");
  });
  return names;
}

/** Names of parameters without defaults, types and stars. */
function parametersOf(node: SyntaxNode, text: string): string[] {
  const names: string[] = [];
  let isName = true;
  const list = node.name === "ParamList" ? node : node.getChild("ParamList");
  for (const child of list ? children(list) : []) {
    if (child.name === ",") isName = true;
    else if (child.name === "VariableName" && isName) {
      names.push(text.slice(child.from, child.to));
      isName = false;
    } else if (child.name === "AssignOp" || child.name === "TypeDef") isName = false;
  }
  return names;
}

function importedNames(text: string): string[] {
  const list = text.replace(/[()\\]/g, " ").replace(/^\s*(from\s+\S+\s+)?import\s/, "");
  return list.split(",").flatMap((item) => {
    const [name, as, alias] = item.trim().split(/\s+/);
    return name ? [as === "as" ? alias : name.split(".")[0]] : [];
  });
}

function hasEmptyBody(node: SyntaxNode, text: string): boolean {
  const body = node.getChild("Body");
  return body !== null &&
    children(body).every((child) =>
      child.name === "Comment" || child.name === ":" || child.name === "PassStatement" ||
      isDocstring(child) ||
      (child.name === "ExpressionStatement" && child.firstChild?.name === "Ellipsis") ||
      (child.name === "RaiseStatement" && namesIn(child, text).has("NotImplementedError"))
    );
}
