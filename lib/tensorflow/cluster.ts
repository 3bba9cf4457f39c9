/**
 * Several processes that compute together, each with TensorFlow's own server for the others.
 *
 * @module
 */
import * as protobuf from "./protobuf.ts";

/** The processes, and which of them this one is. */
export interface Cluster {
  /** Where each process's server listens, `host:port`, by rank. */
  addresses: readonly string[];
  rank: number;
}

const JOB = "worker";

/** The prefix of a process's devices. */
export const taskName = (rank: number): string => `/job:${JOB}/replica:0/task:${rank}`;

/** Part of a tensorflow.ConfigProto: experimental = 16 { collective_group_leader = 1 }. */
export const groupLeader = () => protobuf.message(16, protobuf.string(1, taskName(0)));

/**
 * A serialised tensorflow.ServerDef: cluster = 1 { job = 1 { name = 1, tasks = 2 (a map) } }, job_name = 2,
 * task_index = 3, default_session_config = 4, protocol = 5, port = 6.
 */
export function serverDef({ addresses, rank }: Cluster): Uint8Array<ArrayBuffer> {
  const tasks = addresses.map((address, i) =>
    protobuf.message(2, protobuf.number(1, i), protobuf.string(2, address))
  );
  return protobuf.encode(
    protobuf.message(1, protobuf.message(1, protobuf.string(1, JOB), ...tasks)),
    protobuf.string(2, JOB),
    protobuf.number(3, rank),
    protobuf.message(4, groupLeader()),
    protobuf.string(5, "grpc"),
    protobuf.number(6, Number(addresses[rank].split(":").at(-1))),
  );
}
