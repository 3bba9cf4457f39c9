import assert from "node:assert/strict";
import { ollamaTemplate } from "@/lib/export/ollama-template.ts";
import { openModel } from "@/lib/models/source.ts";
import { createTokenizer } from "@/lib/models/tokenizer.ts";

const { tokenizer, close } = await openModel("smollm2");
close();
const files = tokenizer.files();

/** SmolLM2's tokenizer with another chat template. */
const withTemplate = (chatTemplate?: string) =>
  createTokenizer({
    tokenizerJson: JSON.parse(files["tokenizer.json"]),
    tokenizerConfig: JSON.parse(files["tokenizer_config.json"]),
    chatTemplate,
    where: "test",
  });

/** What Ollama makes of a template for these messages: the few constructs that are used, in order. */
function executed(template: string, messages: { role: string; content: string }[]): string {
  const [, start, , inside, end] =
    /^(\{\{ if not \.System \}\}([\s\S]*?)\{\{ end \}\})?\{\{ range \$m := \.Messages \}\}([\s\S]*)\{\{ end \}\}([\s\S]*)$/
      .exec(template)!;
  const system = messages.some(({ role }) => role === "system");
  const first = start && !system ? start.replace(/\{\{.*?\}\}/g, "") : "";
  const branches = [
    ...inside.matchAll(/\{\{ if eq \$m\.Role "(\w+)" \}\}([\s\S]*?)\{\{ end \}\}/g),
  ];
  return first +
    messages.flatMap(({ role, content }) =>
      branches.filter(([, name]) => name === role)
        .map(([, , text]) => text.replace("{{ $m.Content }}", () => content))
    ).join("") + end;
}

Deno.test("a chat template becomes one of Ollama's that gives the same text", async (t) => {
  const templates = {
    "SmolLM2's own, with a system message where there is none": tokenizer.chatTemplate!,
    "turns in a row":
      "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}<|im_start|>assistant: ",
    "headings":
      "{% for m in messages %}### {{ m.role }}\n{{ m.content }}\n\n{% endfor %}### assistant\n",
  };
  const chats = [
    [["user", "Sort this"]],
    [["system", "Be brief"], ["user", "Sort this"]],
    [["user", "a"], ["assistant", "b"], ["user", "c"], ["assistant", "d"], ["user", "e"]],
    [["system", "s"], ["user", "a"], ["assistant", "b"], ["user", "c"]],
  ].map((chat) => chat.map(([role, content]) => ({ role, content })));
  for (const [name, template] of Object.entries(templates)) {
    await t.step(name, () => {
      const model = withTemplate(template), found = ollamaTemplate(model);
      assert.ok(found !== undefined);
      for (const chat of chats) {
        assert.equal(executed(found, chat), model.decode(model.chatPrompt(chat)));
      }
    });
  }
});

Deno.test("a template without system messages knows none in Ollama either", () => {
  const template = ollamaTemplate(withTemplate(
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}" +
      "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n",
  ))!;
  assert.ok(!template.includes('"system"'));
  assert.ok(template.includes('"user"'));
});

Deno.test("what cannot be said in Ollama's language is left to its server", () => {
  assert.equal(ollamaTemplate(withTemplate()), undefined);
  // The system message inside of the first user's; counted turns.
  for (
    const template of [
      "{% for m in messages %}{{ loop.index }}. {{ m.content }}\n{% endfor %}",
      "{{ messages[-1].content }}",
      "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
      "{% for m in messages %}{% raw %}{{{% endraw %}{{ m.role }} {{ m.content }}{% endfor %}",
    ]
  ) assert.equal(ollamaTemplate(withTemplate(template)), undefined, template);
});
