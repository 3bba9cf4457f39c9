import assert from "node:assert/strict";
import type { Clock } from "@/lib/generation/clock.ts";
import { ollamaGenerator } from "@/lib/generation/ollama.ts";
import { type Fault, type FaultyProxy, faultyProxy } from "./faulty-proxy.ts";
import { partsFor, protocolServer } from "./protocol-server.ts";

const OPTIONS = { seed: 1, temperature: 0, top_p: 1, num_predict: 4, num_ctx: 128 };
const requestsFor = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ ...OPTIONS, prompt: `Frage ${i}` }));
const SILENCE = 60_000;

/** A clock that does not wait; a server is silent for long when the proxy says that it leaves a request alone. */
function impatient(proxy?: FaultyProxy): Clock & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    sleep(milliseconds, signal) {
      if (milliseconds === SILENCE) {
        return proxy?.nextSilence(signal) ??
          new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
      }
      waits.push(milliseconds);
      return Promise.resolve();
    },
  };
}

const FAULTS: Fault[] = ["reset", "torn", "half", "garbled", "silent", 429, 500, 502, 503];

Deno.test("every request is answered once, whole, whatever happens on the way", async () => {
  const server = protocolServer();
  // Every other request meets a fault; those that do not come byte by byte now and then.
  const proxy = faultyProxy(
    server.host,
    (n) => n % 2 === 0 ? FAULTS[n / 2 % FAULTS.length] : n % 5 === 0 ? "drip" : "none",
  );
  try {
    const requests = requestsFor(20);
    const notices: string[] = [];
    const answered: number[] = [];
    const generator = await ollamaGenerator({
      model: "m",
      host: proxy.host,
      clock: impatient(proxy),
      silenceMs: SILENCE,
      onNotice: (line) => notices.push(line),
    });
    const answers = await generator.generate(requests, {
      onAnswer: (index) => void answered.push(index),
    });
    assert.deepEqual(
      answers.map(({ text }) => text),
      requests.map(({ prompt }) => partsFor(prompt).join("")),
    );
    assert.deepEqual(answered.toSorted((a, b) => a - b), requests.map((_, i) => i));
    assert.equal(proxy.requests, 40, "each was sent again once");
    assert.equal(notices.length, 20, "and that was said");
    assert.match(notices.join("\n"), /busy.*no JSON.*|silent for 60 s/s);
    await generator.close();
  } finally {
    await proxy.close();
    await server.close();
  }
});

Deno.test("waits longer after each failure, and as long as the server asks", async () => {
  const server = protocolServer();
  const proxy = faultyProxy(server.host, (n) => n < 3 ? "half" : n === 3 ? 429 : "none");
  const clock = impatient(proxy);
  try {
    const generator = await ollamaGenerator({
      model: "m",
      host: proxy.host,
      clock,
      silenceMs: SILENCE,
    });
    await generator.generate(requestsFor(1));
    assert.deepEqual(clock.waits, [500, 1000, 2000, 4000]);
    clock.waits.length = 0;
    const strict = await ollamaGenerator({
      model: "m",
      host: proxy.host,
      clock,
      silenceMs: SILENCE,
      retry: { attempts: 3, firstDelayMs: 100, longestDelayMs: 150 },
    });
    await strict.generate(requestsFor(1));
    assert.deepEqual(clock.waits, []);
  } finally {
    await proxy.close();
    await server.close();
  }
});

Deno.test("asks a server that says when to come back no earlier", async () => {
  const server = protocolServer();
  const proxy = faultyProxy(server.host, (n) => n === 0 ? 503 : "none");
  const clock = impatient(proxy);
  try {
    const generator = await ollamaGenerator({
      model: "m",
      host: proxy.host,
      clock,
      silenceMs: SILENCE,
    });
    await generator.generate(requestsFor(1));
    assert.deepEqual(clock.waits, [2000]);
  } finally {
    await proxy.close();
    await server.close();
  }
});

Deno.test("servers share the work; one that dies leaves its requests to the others", async () => {
  const gone = Promise.withResolvers<void>();
  const one = protocolServer(undefined, gone.promise), two = protocolServer();
  const dead = faultyProxy(two.host, (n) => n < 2 ? "none" : "reset");
  try {
    const generator = await ollamaGenerator({
      model: "m",
      hosts: [one.host, dead.host],
      clock: impatient(dead),
      silenceMs: SILENCE,
      retry: { attempts: 4, firstDelayMs: 1, longestDelayMs: 1 },
      onNotice: (line) => line.startsWith(`${dead.host} is given up`) && gone.resolve(),
    });
    const requests = requestsFor(60);
    const answers = await generator.generate(requests);
    assert.deepEqual(
      answers.map(({ text }) => text),
      requests.map(({ prompt }) => partsFor(prompt).join("")),
    );
    assert.equal(one.asked.length + two.asked.length, 60, "no request was answered twice");
    assert.equal(two.asked.length, 2);
  } finally {
    await dead.close();
    await one.close();
    await two.close();
  }
});

Deno.test("a request that always fails is given up and counted; the others are answered", async () => {
  const server = protocolServer();
  const broken = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (!request.url.endsWith("/api/generate")) return fetch(`${server.host}/api/tags`);
    const body = await request.text();
    if (body.includes('Frage 1"')) {
      return Response.json({ error: "out of memory" }, { status: 500 });
    }
    return fetch(`${server.host}/api/generate`, { method: "POST", body });
  });
  try {
    const answered: number[] = [];
    const generator = await ollamaGenerator({
      model: "m",
      host: `http://127.0.0.1:${broken.addr.port}`,
      clock: impatient(),
      silenceMs: SILENCE,
      parallel: 2,
      retry: { attempts: 5, firstDelayMs: 1, longestDelayMs: 1 },
    });
    await assert.rejects(
      generator.generate(requestsFor(6), { onAnswer: (i) => void answered.push(i) }),
      /out of memory\. 1 of 6 requests are unanswered; run the same command again/,
    );
    assert.deepEqual(answered.toSorted(), [0, 2, 3, 4, 5]);
  } finally {
    await broken.shutdown();
    await server.close();
  }
});

Deno.test("a model that is missing is pulled when asked, with progress", async () => {
  const server = protocolServer({});
  try {
    await assert.rejects(
      ollamaGenerator({ model: "m", host: server.host }),
      /ollama pull m.*pull=true/,
    );
    const seen: string[] = [];
    const generator = await ollamaGenerator({
      model: "m",
      host: server.host,
      pull: true,
      onPull: (done, total, note) => seen.push(`${note} ${done}/${total}`),
    });
    assert.deepEqual(server.pulled, ["m"]);
    assert.deepEqual(seen, ["downloading 40/100", "downloading 100/100"]);
    assert.equal(generator.modelDigest, "pulled");
  } finally {
    await server.close();
  }
});

Deno.test("servers with different models of one name are refused", async () => {
  const one = protocolServer({ "m:latest": "abc" }), two = protocolServer({ "m:latest": "def" });
  try {
    await assert.rejects(
      ollamaGenerator({ model: "m", hosts: [one.host, two.host] }),
      /different models named m.*pull it again/,
    );
  } finally {
    await one.close();
    await two.close();
  }
});
