/**
 * The loopback interface of a new network namespace, which is down at first.
 *
 * @module
 */
const AF_INET = 2, SOCK_DGRAM = 2, SIOCSIFFLAGS = 0x8914, IFF_UP = 1;
/** A `struct ifreq`: the name, and at byte 16 its flags. */
const IFREQ_BYTES = 40, FLAGS_AT = 16;

/**
 * Switches `lo` on, as `ip link set lo up` does. Linux alone; needs CAP_NET_ADMIN in the namespace.
 * @throws Error when the system refuses
 */
export function raiseLoopback(): void {
  const c = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const request = new Uint8Array(IFREQ_BYTES);
  new TextEncoder().encodeInto("lo", request);
  new DataView(request.buffer).setInt16(FLAGS_AT, IFF_UP, true);
  const socket = c.symbols.socket(AF_INET, SOCK_DGRAM, 0);
  try {
    if (c.symbols.ioctl(socket, BigInt(SIOCSIFFLAGS), request) !== 0) {
      throw new Error("the loopback interface of the workers' network could not be switched on");
    }
  } finally {
    c.symbols.close(socket);
    c.close();
  }
}
