/**
 * Keeps a library's greeting off stderr while it is being loaded.
 *
 * @module
 */

const C_LIBRARY: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};
const STDERR = 2;
const O_WRONLY = 1;

/**
 * Runs `load` with file descriptor 2 pointing at /dev/null: TensorFlow announces oneDNN from an initialiser that
 * runs before any log level can be set. What goes wrong in loading is thrown, not printed, so nothing is lost.
 */
export function quietly<T>(load: () => T): T {
  const path = C_LIBRARY[Deno.build.os];
  if (!path) return load();
  const c = Deno.dlopen(path, {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { open, dup, dup2, close } = c.symbols;
  const saved = dup(STDERR);
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), O_WRONLY);
  dup2(nowhere, STDERR);
  try {
    return load();
  } finally {
    dup2(saved, STDERR);
    close(saved);
    close(nowhere);
    c.close();
  }
}
