/** Pictures of the web app: real pages, real Chromium. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { pageScreenshots } from "@/lib/screenshots/pages.ts";
import { withPalette } from "@/lib/screenshots/palette-png.ts";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";
import { SERVING } from "@/tests/web/client.ts";

const COMMITTED = "docs/screenshots/pages";

const names = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test({
  name: "every page has a picture of each width, and the committed ones are of these pages",
  ...SERVING,
  async fn() {
    const out = await Deno.makeTempDir({ prefix: "codepref-test-" });
    try {
      const files = await pageScreenshots(out, () => {});
      assert.deepEqual(files.map((file) => basename(file)).sort(), names(out));
      assert.deepEqual(names(out), names(COMMITTED));
      for (const name of names(out)) {
        const png = await Deno.readFile(join(out, name));
        const view = new DataView(png.buffer);
        assert.equal(view.getUint32(16), Number(name.match(/-(\d+)\.png$/)![1]), name);
        assert.ok(view.getUint32(20) > 200, name);
        assert.ok(png.length < 200_000, `${name}: ${png.length} bytes`);
      }
      for (const width of [1440, 390]) {
        const [light, dark] = ["light", "dark"].map((theme) =>
          Deno.readFileSync(join(out, `labeling-${theme}-${width}.png`))
        );
        assert.notDeepEqual(light, dark);
      }
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  },
});

Deno.test("a picture with a palette shows what it showed without", async () => {
  await using browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: CHROMIUM_ARGS,
  });
  const page = await browser.newPage({ viewport: { width: 301, height: 120 } });
  await page.setContent(
    "<body style='margin:0;background:linear-gradient(to right,#fff,#247)'><h1>Letters</h1>",
  );
  const png = await page.screenshot();
  const small = withPalette(png);
  assert.ok(small.length < png.length / 2, `${small.length} of ${png.length} bytes`);
  const worst = await page.evaluate(async (pictures) => {
    const [one, other] = await Promise.all(pictures.map(async (base64) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      const bitmap = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    }));
    if (one.length !== other.length) return 255;
    return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
  }, [png, Buffer.from(small)].map((bytes) => bytes.toString("base64")));
  assert.ok(worst <= 12, `a colour is off by ${worst} of 255`);
});
