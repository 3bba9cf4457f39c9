/**
 * The keys of `deno task train` that say on what it runs: devices, processes and machines.
 *
 * @module
 */
import type { Key } from "@/lib/cli/core/settings.ts";
import { TRAINERS } from "@/lib/trainers/settings.ts";

export const WORKER_KEYS = {
  trainer: {
    type: "string",
    choices: TRAINERS,
    default: "BasicTrainer",
    help:
      "how work is spread over devices: BasicTrainer puts layers on them in order, in one process; FSDPTrainer gives " +
      "each a worker process, a piece of every layer and a part of each batch; TensorParallelTrainer a worker process " +
      "with some of the heads, of the feed-forward block's columns and of the vocabulary",
  },
  devices: {
    type: "integer",
    optional: true,
    min: 1,
    help:
      "how many devices: GPUs, or logical CPU devices (BasicTrainer) or processes (the other trainers); all GPUs or one CPU " +
      "when not given",
  },
  "model.fsdp_policy_mp": {
    type: "string",
    optional: true,
    choices: ["float32", "bfloat16", "float16"],
    help: "FSDPTrainer: bfloat16 is precision=bf16 and float32 fp32, whatever precision= says",
  },
  fsdp_port: {
    type: "integer",
    aliases: ["master_port"],
    optional: true,
    min: 0,
    max: 65_000,
    help:
      "first of the ports at which workers listen for each other; 0 and not given: free ones, or 29500 with nnodes=, " +
      "where node 0 listens, and a worker at each port after it",
  },
  nnodes: {
    type: "integer",
    default: 1,
    min: 1,
    help:
      "how many machines train together (FSDPTrainer, TensorParallelTrainer), each with devices= workers: the same " +
      "command on each of them, with its node_rank=, and the same folders",
  },
  node_rank: {
    type: "integer",
    default: 0,
    min: 0,
    help: "which of the machines this one is; 0 has the run folder and shows how things go",
  },
  master_addr: {
    type: "string",
    optional: true,
    help: "nnodes=: address of the machine with node_rank=0, as the others reach it",
  },
  trust_network: {
    type: "boolean",
    default: false,
    help:
      "let workers listen on this machine's network: their ports have no passwords; without it they get a network of " +
      "their own (Linux), or are refused",
  },
  hang_timeout: {
    type: "integer",
    default: 600,
    min: 1,
    help:
      "seconds of silence after which workers that train are started again; tracing, evaluating and saving do not count",
  },
  max_restarts: {
    type: "integer",
    default: 3,
    min: 0,
    help: "how often lost workers are started again from the last checkpoint",
  },
} as const satisfies Record<string, Key>;
