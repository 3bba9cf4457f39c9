/**
 * TensorFlow's C API through Deno's foreign function interface.
 *
 * The shared library is the one inside TensorFlow's Python wheel: it exports every `TF_*` and `TFE_*`
 * symbol, so neither Python nor a native addon is needed at run time.
 *
 * @module
 */
import { fromFileUrl } from "./paths.ts";
import { quietly } from "./quiet.ts";

const P = "pointer", B = "buffer", I32 = "i32", I64 = "i64", U = "usize", V = "void", F32 = "f32";
/** `TF_Output`: an operation and the index of one of its outputs, passed by value. */
const OUTPUT = { struct: [P, I32] } as const;

const SYMBOLS = {
  TF_Version: { parameters: [], result: P },
  TF_NewStatus: { parameters: [], result: P },
  TF_DeleteStatus: { parameters: [P], result: V },
  TF_GetCode: { parameters: [P], result: I32 },
  TF_Message: { parameters: [P], result: P },
  TF_GetAllOpList: { parameters: [], result: P },
  TF_DeleteBuffer: { parameters: [P], result: V },
  /** absl::SetMinLogLevel of the absl inside TensorFlow 2.21; another release spells it otherwise. */
  setMinLogLevel: {
    name: "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE",
    parameters: [I32],
    result: V,
    optional: true,
  },
  /** tsl::enable_tensor_float_32_execution: the C API has no name for it. */
  enableTensorFloat32: {
    name: "_ZN3tsl32enable_tensor_float_32_executionEb",
    parameters: ["u8"],
    result: V,
    optional: true,
  },

  TF_AllocateTensor: { parameters: [I32, B, I32, U], result: P },
  TF_TensorData: { parameters: [P], result: P },
  TF_TensorByteSize: { parameters: [P], result: U },
  TF_DeleteTensor: { parameters: [P], result: V },
  TF_StringGetDataPointer: { parameters: [P], result: P },
  TF_StringGetSize: { parameters: [P], result: U },

  TFE_NewContextOptions: { parameters: [], result: P },
  TFE_ContextOptionsSetConfig: { parameters: [P, B, U, P], result: V },
  TFE_DeleteContextOptions: { parameters: [P], result: V },
  TFE_NewContext: { parameters: [P, P], result: P },
  TFE_EnableCollectiveOps: { parameters: [P, B, U, P], result: V },
  TFE_ContextListDevices: { parameters: [P, P], result: P },
  TF_DeviceListCount: { parameters: [P], result: I32 },
  TF_DeviceListName: { parameters: [P, I32, P], result: P },
  TF_DeviceListType: { parameters: [P, I32, P], result: P },
  TF_DeleteDeviceList: { parameters: [P], result: V },
  TFE_ContextAddFunction: { parameters: [P, P, P], result: V },
  TFE_ContextRemoveFunction: { parameters: [P, B, P], result: V },

  TFE_NewTensorHandle: { parameters: [P, P], result: P },
  TFE_DeleteTensorHandle: { parameters: [P], result: V },
  TFE_TensorHandleResolve: { parameters: [P, P], result: P },
  TFE_TensorHandleNumDims: { parameters: [P, P], result: I32 },
  TFE_TensorHandleDim: { parameters: [P, I32, P], result: I64 },
  TFE_TensorHandleDataType: { parameters: [P], result: I32 },
  TFE_TensorHandleCopySharingTensor: { parameters: [P, P], result: P },

  TFE_TensorHandleBackingDeviceName: { parameters: [P, P], result: P },
  TFE_TensorHandleCopyToDevice: { parameters: [P, P, B, P], result: P },

  TFE_NewOp: { parameters: [P, B, P], result: P },
  TFE_DeleteOp: { parameters: [P], result: V },
  TFE_OpSetDevice: { parameters: [P, B, P], result: V },
  TFE_OpAddInput: { parameters: [P, P, P], result: V },
  TFE_OpSetAttrType: { parameters: [P, B, I32], result: V },
  TFE_OpSetAttrTypeList: { parameters: [P, B, B, I32], result: V },
  TFE_OpSetAttrBool: { parameters: [P, B, "u8"], result: V },
  TFE_OpSetAttrInt: { parameters: [P, B, I64], result: V },
  TFE_OpSetAttrIntList: { parameters: [P, B, B, I32], result: V },
  TFE_OpSetAttrFloat: { parameters: [P, B, F32], result: V },
  TFE_OpSetAttrFloatList: { parameters: [P, B, B, I32], result: V },
  TFE_OpSetAttrString: { parameters: [P, B, B, U], result: V },
  TFE_OpSetAttrStringList: { parameters: [P, B, B, B, I32], result: V },
  TFE_OpSetAttrShape: { parameters: [P, B, B, I32, P], result: V },
  TFE_Execute: { parameters: [P, B, B, P], result: V },
  TFE_ExecuteAsync: { name: "TFE_Execute", parameters: [P, B, B, P], result: V, nonblocking: true },

  TF_NewGraph: { parameters: [], result: P },
  TF_DeleteGraph: { parameters: [P], result: V },
  TF_NewOperation: { parameters: [P, B, B], result: P },
  TF_SetDevice: { parameters: [P, B], result: V },
  TF_AddInput: { parameters: [P, OUTPUT], result: V },
  TF_AddControlInput: { parameters: [P, P], result: V },
  TF_AddInputList: { parameters: [P, B, I32], result: V },
  TF_SetAttrType: { parameters: [P, B, I32], result: V },
  TF_SetAttrTypeList: { parameters: [P, B, B, I32], result: V },
  TF_SetAttrBool: { parameters: [P, B, "u8"], result: V },
  TF_SetAttrInt: { parameters: [P, B, I64], result: V },
  TF_SetAttrIntList: { parameters: [P, B, B, I32], result: V },
  TF_SetAttrFloat: { parameters: [P, B, F32], result: V },
  TF_SetAttrFloatList: { parameters: [P, B, B, I32], result: V },
  TF_SetAttrString: { parameters: [P, B, B, U], result: V },
  TF_SetAttrStringList: { parameters: [P, B, B, B, I32], result: V },
  TF_SetAttrShape: { parameters: [P, B, B, I32], result: V },
  TF_SetAttrTensor: { parameters: [P, B, P, P], result: V },
  TF_SetAttrFuncName: { parameters: [P, B, B, U], result: V },
  TF_FinishOperation: { parameters: [P, P], result: P },
  TF_OperationOutputType: { parameters: [OUTPUT], result: I32 },
  TF_GraphGetTensorNumDims: { parameters: [P, OUTPUT, P], result: I32 },
  TF_GraphGetTensorShape: { parameters: [P, OUTPUT, B, I32, P], result: V },
  TF_GraphSetTensorShape: { parameters: [P, OUTPUT, B, I32, P], result: V },
  TF_GraphCopyFunction: { parameters: [P, P, P, P], result: V },
  TF_GraphToFunctionWithControlOutputs: {
    parameters: [P, B, "u8", I32, B, I32, B, I32, B, B, I32, B, B, P, B, P],
    result: P,
  },
  TF_FunctionSetAttrValueProto: { parameters: [P, B, B, U, P], result: V },
  TF_DeleteFunction: { parameters: [P], result: V },
} as const;

export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
export type Pointer = Deno.PointerValue;

/** Names the library has in TensorFlow's wheels: Linux first, then macOS. */
const FILE_NAMES = ["libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib"];

/**
 * Where TensorFlow's library is: the environment variable `TENSORFLOW_LIBRARY`, else the `.venv` of the
 * working directory or of this project.
 *
 * @throws Error when it is nowhere, saying how to install it
 */
export function findLibrary(): string {
  const named = Deno.env.get("TENSORFLOW_LIBRARY");
  if (named) return named;
  const roots = [Deno.cwd(), fromFileUrl(new URL("../../", import.meta.url))];
  for (const root of roots) {
    let versions: string[];
    try {
      versions = [...Deno.readDirSync(`${root}/.venv/lib`)].map((entry) => entry.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        continue;
      }
      throw error;
    }
    for (const version of versions) {
      for (const name of FILE_NAMES) {
        const path = `${root}/.venv/lib/${version}/site-packages/tensorflow/${name}`;
        if (isFile(path)) return path;
      }
    }
  }
  throw new TensorflowError(
    `TensorFlow's library was not found below ${
      roots.join(" or ")
    } (.venv/lib/*/site-packages/tensorflow); ` +
      `run: deno task setup, or set TENSORFLOW_LIBRARY to the file.`,
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What TensorFlow refused or failed to do. */
export class TensorflowError extends Error {
  override name = "TensorflowError";
}

/**
 * Keeps XLA 2.21 from handing parts of CPU kernels to YNNPACK: compiling such a part writes beyond an array now and
 * then (`xla::cpu::EmitYnnSubgraph`), and the process dies. XLA reads its flags when it is first used; it refuses
 * flags that it does not know, so releases that were not tried are left alone.
 */
function avoidYnn(version: string): void {
  const flags = Deno.env.get("XLA_FLAGS") ?? "", name = "--xla_cpu_experimental_ynn_fusion_type";
  if (!version.startsWith("2.21.") || flags.includes(name)) return;
  Deno.env.set("XLA_FLAGS", `${flags} ${name}=`.trim());
}

let opened: Symbols | undefined;

/** The library's functions; the file is opened on the first call. */
export function library(path?: string): Symbols {
  if (!opened) {
    const file = path ?? findLibrary();
    opened = quietly(() => Deno.dlopen(file, SYMBOLS).symbols);
    avoidYnn(readCString(opened.TF_Version()));
    // TensorFlow and XLA report their start on stderr; warnings and errors stay on.
    if (!Deno.env.has("TF_CPP_MIN_LOG_LEVEL")) opened.setMinLogLevel?.(1);
  }
  return opened;
}

const encoder = new TextEncoder();
const cStrings = new Map<string, Uint8Array<ArrayBuffer>>();

/** A NUL-terminated copy of a short string, made once. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  let bytes = cStrings.get(text);
  if (!bytes) {
    bytes = encoder.encode(text + "\0") as Uint8Array<ArrayBuffer>;
    cStrings.set(text, bytes);
  }
  return bytes;
}

/** UTF-8 bytes without a terminator. */
export const utf8 = (text: string) => encoder.encode(text) as Uint8Array<ArrayBuffer>;

/** The string at a C pointer; empty for a null pointer. */
export const readCString = (pointer: Pointer) =>
  pointer ? new Deno.UnsafePointerView(pointer).getCString() : "";

/** A `TF_Status` that turns into an exception. */
export class Status {
  readonly pointer: Pointer;
  constructor(private readonly c: Symbols) {
    this.pointer = c.TF_NewStatus();
  }

  /**
   * Throws when the last call that was given this status failed.
   * @param what told only when needed: building it may cost more than the call
   */
  check(what: () => string): void {
    if (this.c.TF_GetCode(this.pointer) === 0) return;
    const message = readCString(this.c.TF_Message(this.pointer));
    throw new TensorflowError(`${what()}: ${message.slice(0, 2000)}`);
  }

  delete(): void {
    this.c.TF_DeleteStatus(this.pointer);
  }
}
