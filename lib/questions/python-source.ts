/**
 * Elements of a Python tuple or list display, as source: `([1, 2], "a,b", 3)` → `[1, 2]`, `"a,b"`, `3`.
 * @throws SyntaxError when brackets or quotes do not close
 */
export function tupleElements(source: string): string[] {
  const text = source.trim();
  const inner = text.slice(1, -1);
  if (!/^[([]/.test(text) || !/[)\]]$/.test(text)) throw new SyntaxError(`not a tuple: ${text}`);
  const elements: string[] = [];
  let depth = 0, start = 0;
  for (let i = 0; i < inner.length; i++) {
    const c = inner[i];
    if (c === '"' || c === "'") i = endOfString(inner, i);
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      elements.push(inner.slice(start, i).trim());
      start = i + 1;
    }
    if (depth < 0) throw new SyntaxError(`unbalanced brackets: ${text}`);
  }
  if (depth !== 0) throw new SyntaxError(`unbalanced brackets: ${text}`);
  const last = inner.slice(start).trim();
  if (last) elements.push(last);
  return elements;
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  const quote = text.startsWith(text[start].repeat(3), start) ? text[start].repeat(3) : text[start];
  for (let i = start + quote.length; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text.startsWith(quote, i)) return i + quote.length - 1;
  }
  throw new SyntaxError(`a string does not end: ${text}`);
}
