/**
 * The eager context: threads, devices, and the functions that have been added to it.
 *
 * @module
 */
import { keepFreedMemory } from "./allocator.ts";
import {
  cString,
  library,
  type Pointer,
  readCString,
  Status,
  type Symbols,
  TensorflowError,
} from "./library.ts";

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
}

/** A TFE_Context with a status to check its calls. */
export interface Context {
  c: Symbols;
  pointer: Pointer;
  status: Status;
  /** Where operations are placed from now on; empty: TensorFlow chooses. */
  device: string;
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
  return { c, pointer, status, device: "" };
}

/**
 * A serialised tensorflow.ConfigProto: device_count = 1 (a map), intra_op_parallelism_threads = 2,
 * inter_op_parallelism_threads = 5, gpu_options = 6 { allow_growth = 4 }.
 */
function configProto(options: ContextOptions): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const varint = (value: number) => {
    while (value > 127) {
      bytes.push(value & 127 | 128);
      value >>>= 7;
    }
    bytes.push(value);
  };
  const { intraOpThreads, interOpThreads, cpuDevices = 1, gpuMemoryGrowth } = options;
  if (cpuDevices > 1) {
    bytes.push(0x0a, 7, 0x0a, 3, ...new TextEncoder().encode("CPU"), 0x10);
    varint(cpuDevices);
  }
  if (intraOpThreads) {
    bytes.push(0x10);
    varint(intraOpThreads);
  }
  if (interOpThreads) {
    bytes.push(0x28);
    varint(interOpThreads);
  }
  if (gpuMemoryGrowth) bytes.push(0x32, 2, 0x20, 1);
  return new Uint8Array(bytes);
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

/** Takes a function out of the context; its name is free afterwards. */
export function removeFunction({ c, pointer, status }: Context, name: string): void {
  c.TFE_ContextRemoveFunction(pointer, cString(name), status.pointer);
  status.check(() => `removing function ${name}`);
}
