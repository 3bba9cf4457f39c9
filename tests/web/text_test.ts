import assert from "node:assert/strict";
import { ActiveTime } from "@/lib/web/active-time.ts";
import { highlightPython } from "@/lib/web/highlight.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";
import { visibleText } from "@/lib/web/visible.ts";

Deno.test("hidden characters become visible, plain text stays", () => {
  assert.equal(visibleText("a\u202eb\u200b\u001b[1m\0\u007f"), "a⟨U+202E⟩b⟨U+200B⟩␛[1m␀␡");
  assert.equal(visibleText("tab\tline\r\nnext Zoë 漢"), "tab\tline\nnext Zoë 漢");
});

Deno.test("code is highlighted by classes, escaped, and counted where it is cut", () => {
  assert.equal(
    highlightPython('def f(): return "<b>"'),
    '<span class="hljs-keyword">def</span> <span class="hljs-title function_">f</span>(): ' +
      '<span class="hljs-keyword">return</span> <span class="hljs-string">&quot;&lt;b&gt;&quot;</span>',
  );
  const long = highlightPython("<".repeat(10_000_000));
  assert.ok(long.length < 500_000);
  assert.match(long, /9900000 more characters are not shown/);
  assert.doesNotMatch(highlightPython("x = '''\n</script>\n'''"), /style=|<\/script>/);
});

Deno.test("Markdown keeps its form and loses what could act", () => {
  assert.match(
    renderMarkdown("# T\n\n`x` **b** 10<sup>5</sup>\n\n- i"),
    /<h1>T<\/h1>.*<code>x<\/code>.*<sup>5<\/sup>.*<li>i/s,
  );
  assert.match(
    renderMarkdown("[l](https://example.org)"),
    /<a href="https:\/\/example.org" rel="noopener noreferrer"/,
  );
  assert.match(renderMarkdown("![graph](https://example.org/x.png)"), /<em>\[image: graph\]<\/em>/);
  const hostile = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](data:text/html,alert)",
    '<p style="color:red" onclick="alert(1)" id="jump">x</p>',
    "<svg/onload=alert(1)>",
    "<form action=/session><input name=name></form>",
    "<base href=//evil.example>",
  ];
  for (const text of hostile) {
    assert.doesNotMatch(
      renderMarkdown(text),
      /<(script|img|svg|form|input|base)|<[^>]*(javascript:|data:|on\w+=|style=|id=)/i,
      text,
    );
  }
});

Deno.test("active time leaves out absences", () => {
  let now = 0;
  const time = new ActiveTime(() => now);
  now = 5_000;
  time.touch();
  now = 600_000;
  time.touch();
  now = 601_000;
  assert.deepEqual(time.read(), { active_ms: 36_000, wall_ms: 601_000 });
});
