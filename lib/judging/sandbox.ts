/**
 * How a judging slot is kept away from the machine: what may be asked for, and how its process is started.
 *
 * @module
 */
import { join } from "node:path";
import { pythonPath } from "@/lib/setup/paths.ts";

/**
 * Levels of isolation that may be asked for. `auto`: namespaces, else Landlock, else (macOS) sandbox-exec, else
 * judging is refused. `limits`: limits on resources are enough; candidates may read what this user may read.
 */
export const SANDBOXES = ["auto", "namespaces", "landlock", "limits"] as const;
export type Sandbox = (typeof SANDBOXES)[number];

/** The level that `CODEPREF_SANDBOX` asks for where nothing else says. */
export function defaultSandbox(): Sandbox {
  const wanted = Deno.env.get("CODEPREF_SANDBOX");
  return SANDBOXES.find((sandbox) => sandbox === wanted) ?? "auto";
}

const SUPERVISOR = join(import.meta.dirname!, "python", "supervisor.py");

/** The command of a slot's supervisor; `settings` as `python/supervisor.py` reads them. */
export function supervisorCommand(
  settings: { slot: number; sandbox: Sandbox; limits: Record<string, unknown> },
): Deno.Command {
  const python = ["-S", "-s", "-B", SUPERVISOR, JSON.stringify(settings)];
  const options = {
    clearEnv: true,
    // The order of sets decides some answers; a verdict must not change from run to run.
    env: { PYTHONHASHSEED: "0" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  } as const;
  if (Deno.build.os === "darwin" && settings.sandbox !== "limits") {
    const args = ["-p", SANDBOX_EXEC_PROFILE, pythonPath(), ...python];
    return new Deno.Command("/usr/bin/sandbox-exec", { ...options, args });
  }
  return new Deno.Command(pythonPath(), { ...options, args: python });
}

/** Seatbelt profile of macOS. Untested: written from Apple's own profiles in /System/Library/Sandbox/Profiles. */
const SANDBOX_EXEC_PROFILE = `
(version 1)
(deny default)
(allow process-fork)
(allow process-exec (literal "/usr/bin/python3") (regex #"/bin/python3[.0-9]*$") (regex #"/Python$"))
(allow sysctl-read)
(allow signal (target same-sandbox))
(allow file-read-metadata)
(allow file-read* (subpath "/usr/lib") (subpath "/usr/share") (subpath "/System") (subpath "/Library")
  (subpath "/opt/homebrew") (subpath "/usr/local") (regex #"/lib/python3[.0-9]*/") (regex #"/judging/python/")
  (regex #"/pyvenv.cfg$") (literal "/dev/null") (literal "/dev/urandom") (literal "/dev/random"))
(allow file-write-data (literal "/dev/null"))
`;

/** The level of a slot whose supervisor says `level`, with what was put around it. */
export function levelAround(level: string, sandbox: Sandbox): string {
  return Deno.build.os === "darwin" && sandbox !== "limits" ? `sandbox-exec+${level}` : level;
}
