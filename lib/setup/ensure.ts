/**
 * The set-up that every task implies: what is missing is installed, what an interrupt left half done is
 * finished, and what is there costs a few milliseconds.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { installKernel, kernelIsInstalled } from "@/lib/setup/kernel.ts";
import { fetchModules } from "@/lib/setup/modules.ts";
import { installSection } from "@/lib/setup/packages.ts";
import {
  libtensorflowPath,
  PROJECT_ROOT,
  pythonPath,
  smollm2Path,
  VENV,
} from "@/lib/setup/paths.ts";
import { ensureVenv } from "@/lib/setup/python.ts";
import { readSection, type SectionName } from "@/lib/setup/requirements.ts";

/**
 * What can be set up. python: TensorFlow's library, the small model, the questions. kernel: JupyterLab and
 * the Deno kernel. modules: JavaScript packages. tests: what the tests need in Python.
 */
export type Part = "python" | "kernel" | "modules" | "tests";

/** What was finished: step -> digest of what it was made from. The file is written last in each step. */
type Marker = Record<string, string>;

interface Step {
  name: string;
  digest: string;
  /** Share of the progress: about megabytes of download, and some for what comes after it. */
  size: number;
  /** Whether what the marker says is still so. */
  stillThere(): Promise<boolean> | boolean;
  run(onStep: (done: number, note: string) => void): Promise<void>;
}

/** Share of the environment itself, as {@link Step.size}. */
const VENV_SIZE = 20;
const MARKER = join(VENV, "codepref-setup.json");

/** How to set up. */
export interface SetupOptions {
  signal?: AbortSignal;
  /** The Python to make the environment with. */
  python?: string;
}

/**
 * Makes sure that the parts are there. One set-up at a time: a second one waits.
 *
 * @param onProgress work done and in all, about in megabytes, and what is being done; silent when all is there
 * @throws {OperationError} what is missing and how to get it
 */
export async function ensureSetup(
  parts: readonly Part[],
  onProgress: OnProgress,
  options: SetupOptions = {},
): Promise<void> {
  const steps = await stepsOf(parts, options);
  if ((await pending(steps)).length === 0) return;

  await Deno.mkdir(join(PROJECT_ROOT, ".cache"), { recursive: true });
  using lock = await Deno.open(join(PROJECT_ROOT, ".cache", "setup.lock"), {
    create: true,
    write: true,
  });
  if (!await lock.tryLock(true)) {
    onProgress(0, 0, "waiting for another set-up to end");
    await lock.lock(true);
  }
  const missing = await pending(steps);
  const total = missing.reduce((sum, step) => sum + step.size, VENV_SIZE);
  let before = 0;
  onProgress(before, total, "looking for Python");
  await ensureVenv(VENV, { ...options, onNote: (note) => onProgress(before, total, note) });
  before += VENV_SIZE;
  for (const step of missing) {
    options.signal?.throwIfAborted();
    await step.run((done, note) => onProgress(Math.min(before + done, total - 1), total, note));
    before += step.size;
    await mark(step);
  }
  onProgress(total, total, "set up");
}

async function stepsOf(parts: readonly Part[], options: SetupOptions): Promise<Step[]> {
  const steps: Step[] = [];
  if (parts.includes("python")) steps.push(await sectionStep("files", options, filesAreThere));
  if (parts.includes("kernel")) {
    steps.push(await sectionStep("jupyter", options, () => true));
    steps.push({
      name: "kernel",
      digest: Deno.version.deno,
      size: 5,
      stillThere: () => kernelIsInstalled(VENV),
      run: (onStep) => (onStep(0, "the Deno kernel"), installKernel(VENV)),
    });
  }
  if (parts.includes("modules")) steps.push(await modulesStep(options));
  if (parts.includes("tests")) steps.push(await sectionStep("tests", options, () => true));
  return steps;
}

async function sectionStep(
  name: SectionName,
  options: SetupOptions,
  stillThere: () => boolean,
): Promise<Step> {
  const section = await readSection(name);
  return {
    name,
    digest: section.digest,
    size: Math.round(1.3 * section.megabytes),
    stillThere,
    run: (onStep) => installSection(VENV, section, { onStep, signal: options.signal }),
  };
}

async function modulesStep(options: SetupOptions): Promise<Step> {
  const hash = createHash("sha256").update(Deno.version.deno).update(
    Deno.env.get("DENO_DIR") ?? "",
  );
  for (const file of ["deno.json", "deno.lock"]) {
    hash.update(await Deno.readTextFile(join(PROJECT_ROOT, file)).catch(() => ""));
  }
  return {
    name: "modules",
    digest: hash.digest("hex"),
    size: 60,
    stillThere: () => true,
    run: (onStep) => (onStep(0, "JavaScript packages"), fetchModules({ signal: options.signal })),
  };
}

/** The files that the tasks open; a person may have removed them. */
function filesAreThere(): boolean {
  try {
    return Boolean(pythonPath() && libtensorflowPath() && smollm2Path());
  } catch {
    return false;
  }
}

async function readMarker(): Promise<Marker> {
  try {
    return JSON.parse(await Deno.readTextFile(MARKER));
  } catch {
    return {};
  }
}

async function pending(steps: Step[]): Promise<Step[]> {
  const marker = await readMarker();
  const missing: Step[] = [];
  for (const step of steps) {
    if (marker[step.name] !== step.digest || !await step.stillThere()) missing.push(step);
  }
  return missing;
}

async function mark(step: Step): Promise<void> {
  const temporary = `${MARKER}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(
    temporary,
    JSON.stringify({ ...await readMarker(), [step.name]: step.digest }, null, 2),
  );
  await Deno.rename(temporary, MARKER);
}
