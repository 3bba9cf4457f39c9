/**
 * How the C library hands out memory, on Linux.
 *
 * @module
 */

/** Parameters of glibc's `mallopt` (malloc.h). */
const M_TRIM_THRESHOLD = -1, M_TOP_PAD = -2, M_MMAP_THRESHOLD = -3, M_ARENA_MAX = -8;

/** Blocks from this size on come from the system and go back to it: they would leave holes. The most glibc allows. */
const MMAP_BYTES = 32 * 2 ** 20;

const SYMBOLS = {
  mallopt: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

let glibc: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | null = null;

/**
 * Keeps freed memory for the next tensor. By itself glibc gives blocks back to the system when they are freed and
 * asks for them again a moment later, and the system clears them each time: a training step frees and takes
 * gigabytes. One arena for all threads, since glibc bounds the size of the others. Musl and macOS have no such
 * settings, and are left as they are.
 */
export function keepFreedMemory(): void {
  if (glibc || Deno.build.os !== "linux") return;
  try {
    glibc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch {
    return;
  }
  glibc.mallopt(M_ARENA_MAX, 1);
  glibc.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
  glibc.mallopt(M_TRIM_THRESHOLD, 2 ** 31 - 1);
  glibc.mallopt(M_TOP_PAD, 64 * 2 ** 20);
}

/** Gives freed memory back to the system all the same: after work that will not be done again. */
export function returnFreedMemory(): void {
  glibc?.malloc_trim(0n);
}
