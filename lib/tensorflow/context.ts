/**
 * The eager context: threads, devices, and the functions that have been added to it.
 *
 * @module
 */
import { keepFreedMemory } from "./allocator.ts";
import { type Cluster, groupLeader, serverDef } from "./cluster.ts";
import {
  cString,
  library,
  type Pointer,
  readCString,
  Status,
  type Symbols,
  TensorflowError,
} from "./library.ts";
import * as protobuf from "./protobuf.ts";

/** Settings that must be made before the first tensor. */
export interface ContextOptions {
  /** Path of TensorFlow's library; found by itself when left out. */
  library?: string;
  /** Threads inside one operation; 0: as many as there are cores. */
  intraOpThreads?: number;
  /** Operations of a traced function that run at once; 0: TensorFlow's choice. */
  interOpThreads?: number;
  /** Logical CPU devices: `CPU:0`, `CPU:1` and so on share the threads. */
  cpuDevices?: number;
  /** Take a GPU's memory as it is needed instead of all at once. Not tested on a GPU. */
  gpuMemoryGrowth?: boolean;
  /**
   * Whether GPUs may round the factors of float32 products to TF32 (10 bits of mantissa); TensorFlow's default is
   * true. Not tested on a GPU.
   */
  tf32?: boolean;
  /**
   * Other processes to compute with, by {@link allReduce} and {@link allGather}. TensorFlow's server listens on every
   * interface of the machine, whatever its address says, knows no passwords, and runs what it is sent: only where
   * nobody else reaches its port.
   */
  cluster?: Cluster;
}

/** A TFE_Context with a status to check its calls. */
export interface Context {
  c: Symbols;
  pointer: Pointer;
  status: Status;
  /** Where operations are placed from now on; empty: TensorFlow chooses. */
  device: string;
  cluster: Cluster | null;
}

export function newContext(options: ContextOptions): Context {
  keepFreedMemory();
  const c = library(options.library);
  const status = new Status(c);
  if (options.tf32 !== undefined) {
    if (!c.enableTensorFloat32) {
      throw new TensorflowError("configure: tf32 cannot be set in this release of TensorFlow");
    }
    c.enableTensorFloat32(options.tf32 ? 1 : 0);
  }
  const contextOptions = c.TFE_NewContextOptions();
  const config = configProto(options);
  c.TFE_ContextOptionsSetConfig(contextOptions, config, BigInt(config.length), status.pointer);
  status.check(() => "TensorFlow's session configuration");
  const pointer = c.TFE_NewContext(contextOptions, status.pointer);
  status.check(() => "starting TensorFlow");
  c.TFE_DeleteContextOptions(contextOptions);
  const { cluster = null } = options;
  if (cluster) {
    const definition = serverDef(cluster);
    c.TFE_EnableCollectiveOps(
      pointer,
      definition,
      BigInt(definition.length),
      status.pointer,
    );
    status.check(() => `starting TensorFlow's server at ${cluster.addresses[cluster.rank]}`);
  }
  return { c, pointer, status, device: "", cluster };
}

/**
 * A serialised tensorflow.ConfigProto: device_count = 1 (a map), intra_op_parallelism_threads = 2,
 * inter_op_parallelism_threads = 5, gpu_options = 6 { allow_growth = 4 }, and the leader of a cluster.
 */
function configProto(options: ContextOptions): Uint8Array<ArrayBuffer> {
  const { intraOpThreads, interOpThreads, cpuDevices = 1, gpuMemoryGrowth, cluster } = options;
  const { message, number, string } = protobuf;
  return protobuf.encode(
    cpuDevices > 1 ? message(1, string(1, "CPU"), number(2, cpuDevices)) : [],
    intraOpThreads ? number(2, intraOpThreads) : [],
    interOpThreads ? number(5, interOpThreads) : [],
    gpuMemoryGrowth ? message(6, number(4, true)) : [],
    cluster ? groupLeader() : [],
  );
}

/** @throws TensorflowError naming the first option that is none */
export function checkOptions(options: ContextOptions): void {
  for (const key of ["intraOpThreads", "interOpThreads", "cpuDevices"] as const) {
    const value = options[key], least = key === "cpuDevices" ? 1 : 0;
    const most = key === "cpuDevices" ? 127 : 65_535;
    if (value === undefined || Number.isInteger(value) && value >= least && value <= most) continue;
    throw new TensorflowError(
      `configure: ${key} is a whole number from ${least} to ${most}, not ${value}`,
    );
  }
  const { addresses, rank } = options.cluster ?? { addresses: ["one:1"], rank: 0 };
  const wrong = addresses.find((address) => !/^[^\s:]+:[1-9]\d*$/.test(address));
  if (wrong !== undefined) {
    throw new TensorflowError(`configure: a cluster's address is host:port, not ${wrong}`);
  }
  if (addresses[rank] === undefined) {
    throw new TensorflowError(
      `configure: rank ${rank} is none of the ${addresses.length} processes of the cluster`,
    );
  }
}

/** A device that operations can be placed on. */
export interface Device {
  /** `/job:localhost/replica:0/task:0/device:CPU:0` */
  name: string;
  /** CPU, GPU */
  type: string;
}

export function listDevices({ c, pointer, status }: Context): Device[] {
  const list = c.TFE_ContextListDevices(pointer, status.pointer);
  status.check(() => "listing devices");
  const devices = Array.from({ length: c.TF_DeviceListCount(list) }, (_, i) => ({
    name: readCString(c.TF_DeviceListName(list, i, status.pointer)),
    type: readCString(c.TF_DeviceListType(list, i, status.pointer)),
  }));
  c.TF_DeleteDeviceList(list);
  return devices;
}

/** Takes a function out of the context, and frees it. */
export function removeFunction(
  { c, pointer, status }: Context,
  traced: { name: string; pointer: Pointer },
): void {
  c.TFE_ContextRemoveFunction(pointer, cString(traced.name), status.pointer);
  status.check(() => `removing function ${traced.name}`);
  c.TF_DeleteFunction(traced.pointer);
}
