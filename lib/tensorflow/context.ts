/**
 * The eager context: threads, devices, and the functions that have been added to it.
 *
 * @module
 */
import { cString, library, type Pointer, readCString, Status, type Symbols } from "./library.ts";

/** Settings that must be made before the first tensor. */
export interface ContextOptions {
  /** Path of TensorFlow's library; found by itself when left out. */
  library?: string;
  /** Threads inside one operation; 0: as many as there are cores. */
  intraOpThreads?: number;
  /** Operations of a traced function that run at once; 0: TensorFlow's choice. */
  interOpThreads?: number;
  /** Logical CPU devices. */
  cpuDevices?: number;
}

/** A TFE_Context with a status to check its calls. */
export interface Context {
  c: Symbols;
  pointer: Pointer;
  status: Status;
}

export function newContext(options: ContextOptions): Context {
  const c = library(options.library);
  const status = new Status(c);
  const contextOptions = c.TFE_NewContextOptions();
  const config = configProto(options);
  c.TFE_ContextOptionsSetConfig(contextOptions, config, BigInt(config.length), status.pointer);
  status.check(() => "TensorFlow's session configuration");
  const pointer = c.TFE_NewContext(contextOptions, status.pointer);
  status.check(() => "starting TensorFlow");
  c.TFE_DeleteContextOptions(contextOptions);
  return { c, pointer, status };
}

/** tensorflow.ConfigProto: device_count = 1 (a map), intra_op_parallelism_threads = 2, inter_op… = 5. */
function configProto({ intraOpThreads = 0, interOpThreads = 0, cpuDevices = 1 }: ContextOptions) {
  const bytes: number[] = [];
  const varint = (value: number) => {
    while (value > 127) {
      bytes.push(value & 127 | 128);
      value >>>= 7;
    }
    bytes.push(value);
  };
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
  return new Uint8Array(bytes);
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
