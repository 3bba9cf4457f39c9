import assert from "node:assert/strict";
import { listOllamaModels, ollamaGenerator } from "@/lib/generation/ollama.ts";

const REQUEST = {
  prompt: "hello",
  seed: 1,
  temperature: 0,
  top_p: 1,
  num_predict: 4,
  num_ctx: 128,
};
const encoder = new TextEncoder();
const lines = (...parts: unknown[]) => parts.map((part) => `${JSON.stringify(part)}\n`).join("");
const part = (response: string) => ({ model: "m:latest", response, done: false });
const end = (more: Record<string, unknown> = {}) => ({
  model: "m:latest",
  response: "",
  done: true,
  done_reason: "stop",
  prompt_eval_count: 7,
  eval_count: 3,
  ...more,
});

/** A server on this machine that speaks as much of Ollama's protocol as a test needs. */
async function withServer(
  answer: (body: Record<string, unknown>) => Response | Promise<Response>,
  work: (host: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (new URL(request.url).pathname === "/api/tags") {
      return Response.json({ models: [{ name: "m:latest", digest: "abc" }] });
    }
    return await answer(await request.json());
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("streams an answer and counts its tokens; num_ctx and the seed are always sent", async () => {
  let sent: Record<string, unknown> = {};
  await withServer((body) => {
    sent = body;
    const bytes = encoder.encode(lines(part("Grüße, "), part("Welt"), end()));
    // Torn in the middle of a line and of a character.
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < bytes.length; i += 7) controller.enqueue(bytes.slice(i, i + 7));
        controller.close();
      },
    });
    return new Response(stream);
  }, async (host) => {
    const generator = await ollamaGenerator({ model: "m", host, keepAlive: "1m" });
    assert.deepEqual([generator.model, generator.modelDigest], ["ollama:m", "abc"]);
    const deltas: string[] = [];
    const [answer] = await generator.generate([REQUEST], { onText: (_, d) => void deltas.push(d) });
    assert.equal(answer.text, "Grüße, Welt");
    assert.deepEqual(deltas, ["Grüße, ", "Welt"]);
    assert.deepEqual(
      [answer.doneReason, answer.promptTokens, answer.completionTokens],
      ["stop", 7, 3],
    );
    assert.deepEqual(sent.options, {
      seed: 1,
      temperature: 0,
      top_p: 1,
      num_predict: 4,
      num_ctx: 128,
    });
    assert.equal(sent.keep_alive, "1m");
    await generator.close();
  });
});

Deno.test("an answer cut at its length says so; so does one to a cut prompt", async () => {
  await withServer(
    ({ prompt }) =>
      new Response(lines(
        part("a"),
        end(
          prompt === "short"
            ? { prompt_eval_count: 100, eval_count: 29 }
            : { done_reason: "length", prompt_eval_count: prompt === "long" ? 128 : 5 },
        ),
      )),
    async (host) => {
      const generator = await ollamaGenerator({ model: "m", host });
      const [answer] = await generator.generate([REQUEST]);
      assert.equal(answer.doneReason, "length");
      const [blind] = await generator.generate([{ ...REQUEST, prompt: "long" }]);
      assert.deepEqual([blind.doneReason, blind.text], ["prompt", "a"]);
      const [outgrown] = await generator.generate([{ ...REQUEST, prompt: "short" }]);
      assert.equal(outgrown.doneReason, "length", "the question was out of sight at the end");
    },
  );
});

Deno.test("answers several requests at one time, in the order of the requests", async () => {
  let running = 0, most = 0;
  const gate = Promise.withResolvers<void>();
  await withServer(async ({ prompt }) => {
    most = Math.max(most, ++running);
    if (running === 2) gate.resolve();
    await gate.promise;
    running--;
    return new Response(lines(part(`to ${prompt}`), end()));
  }, async (host) => {
    const generator = await ollamaGenerator({ model: "m", host, parallel: 2 });
    const requests = ["a", "b", "c", "d"].map((prompt) => ({ ...REQUEST, prompt }));
    const seen: number[] = [];
    const answers = await generator.generate(requests, { onAnswer: (i) => void seen.push(i) });
    assert.deepEqual(answers.map(({ text }) => text), ["to a", "to b", "to c", "to d"]);
    assert.deepEqual(seen.sort(), [0, 1, 2, 3]);
    assert.equal(most, 2);
  });
});

/** What a broken server does, and what the person is told. */
const FAULTS: Record<string, [() => Response, RegExp]> = {
  "a stream that ends in the middle": [
    () => new Response(lines(part("half"))),
    /its answer ended in the middle/,
  ],
  "an error within the stream": [
    () => new Response(lines(part("half"), { error: "out of memory" })),
    /failed with m: out of memory/,
  ],
  "something that is no JSON": [
    () => new Response("<html>\n"),
    /failed with m: it sent a line that is no JSON: <html>/,
  ],
  "an internal error": [
    () => Response.json({ error: "llama runner process has terminated" }, { status: 500 }),
    /failed with m: llama runner process has terminated/,
  ],
  "a model that went away": [
    () => Response.json({ error: "model not found" }, { status: 404 }),
    /has no model m.*ollama pull m/,
  ],
};

for (const [name, [answer, message]] of Object.entries(FAULTS)) {
  Deno.test(`${name} is one clear error`, () =>
    withServer(answer, async (host) => {
      const retry = { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 };
      const generator = await ollamaGenerator({ model: "m", host, retry });
      await assert.rejects(generator.generate([REQUEST]), (error: Error) => {
        assert.equal(error.name, "OperationError");
        assert.match(error.message, message);
        return true;
      });
    }));
}

Deno.test("an abort ends the request and is no failure of the server", async () => {
  const closed = Promise.withResolvers<void>();
  await withServer(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(encoder.encode(lines(part("a")))),
        cancel: () => closed.resolve(),
      }),
    ), async (host) => {
    const generator = await ollamaGenerator({ model: "m", host });
    const controller = new AbortController();
    await assert.rejects(
      generator.generate([REQUEST], {
        signal: controller.signal,
        onText: () => controller.abort(),
      }),
      { name: "AbortError" },
    );
    await closed.promise;
  });
});

Deno.test("a missing server or model is named with the way to mend it", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const host = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  // Accepts and never answers: found out by the time limit.
  assert.equal(await listOllamaModels({ host, timeoutMs: 100 }), null);
  listener.close();
  assert.equal(await listOllamaModels({ host }), null);
  await assert.rejects(
    ollamaGenerator({ model: "m", host }),
    /No Ollama server answers.*ollama serve/,
  );
  await withServer(() => new Response(""), async (host) => {
    assert.deepEqual(await listOllamaModels({ host }), [{ name: "m:latest", digest: "abc" }]);
    await assert.rejects(ollamaGenerator({ model: "n", host }), /no model n.*ollama pull n/);
  });
});
