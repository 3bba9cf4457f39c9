/**
 * The tfjs backend "tensorflow": tfjs-node's kernels over our {@link Binding}.
 *
 * It starts with the first tensor; `configure` sets threads and devices before that.
 *
 * @module
 */
import "./node-util.ts";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import { attr, type Attribute } from "./attributes.ts";
import { Binding } from "./binding.ts";
import type { Memory, TensorMetadata } from "./tensor-table.ts";
import { checkOptions, type ContextOptions, type Device, listDevices } from "./context.ts";
import { DataType } from "./dtypes.ts";
import { TensorflowError } from "./library.ts";
import { NodeBackend } from "./node-backend.ts";
import { atUserFrame } from "./user-frame.ts";

const NAME = "tensorflow";
let options: ContextOptions = {};
let started: { binding: Binding; backend: NodeBackend } | undefined;

/**
 * Sets threads, devices and the library's path.
 * @throws TensorflowError when TensorFlow has started already, or a number is out of range
 */
export function configure(wanted: ContextOptions): void {
  if (started) {
    throw new TensorflowError("TensorFlow has started; configure it before the first tensor");
  }
  checkOptions(wanted);
  options = { ...options, ...wanted };
}

tf.registerBackend(NAME, () => {
  const binding = new Binding(options);
  started = { binding, backend: new NodeBackend(binding) };
  return started.backend;
}, 10);

/** Whether TensorFlow has started, after which nothing can be configured. */
export const hasStarted = (): boolean => started !== undefined;

/** Binding and backend; starts them if need be. */
export function running(): { binding: Binding; backend: NodeBackend } {
  if (!started) tf.engine().backend;
  return started!;
}

/** Devices that TensorFlow can use. */
export const devices = (): Device[] => listDevices(running().binding.context);

/**
 * What is alive in TensorFlow. `tf.memory()` counts tensors until they are disposed of; here those that the garbage
 * collector took are gone too.
 */
export const memory = (): Memory => running().binding.usage;

/** Version of TensorFlow itself. */
export const version = (): string => running().binding.TF_Version;

/** Any operation of TensorFlow by its name. It has no gradient: wrap it in `customGrad`. */
export function op(
  name: string,
  attributes: Attribute[],
  inputs: readonly tf.TensorInfo[],
): tf.Tensor {
  return running().backend.executeSingleOutput(name, attributes, inputs);
}

/** Any operation without results, such as one that changes a {@link ResourceVariable}. */
export function effect(
  name: string,
  attributes: Attribute[],
  inputs: readonly tf.TensorInfo[],
): void {
  running().backend.executeMultipleOutputs(name, attributes, inputs, 0);
}

/** The number by which the binding knows a tensor. */
export const idOf = (tensor: tf.TensorInfo): number =>
  running().backend.getInputTensorIds([tensor])[0];

/** A tfjs tensor for something the binding knows. */
export const toTensor = (metadata: TensorMetadata): tf.Tensor =>
  running().backend.createOutputTensor(metadata);

/** The type that a tensor really has, whatever tfjs calls it. */
export const dtypeOf = (tensor: tf.TensorInfo): number => running().binding.dtypeOf(idOf(tensor));

/**
 * The tensor in bfloat16 or float32 (the same tensor where it is so already). No gradient of its own.
 */
export function castTo(tensor: tf.Tensor, dtype: "bfloat16" | "float32"): tf.Tensor {
  const { binding } = running();
  const id = idOf(tensor), to = DataType[dtype];
  if (binding.dtypeOf(id) === to) return tensor;
  const result = binding.castTo(id, to);
  return toTensor({ id: result, shape: tensor.shape, dtype: DataType.float32 });
}

// tfjs-node's kernel reads the indices back to check them, which stops tracing and costs a copy.
tf.unregisterKernel("GatherV2", NAME);
tf.registerKernel({
  kernelName: "GatherV2",
  backendName: NAME,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
    const { axis, batchDims } = attrs as unknown as { axis: number; batchDims?: number };
    const axisTensor = tf.scalar(axis, "int32");
    const result = op("GatherV2", [
      attr.int("batch_dims", batchDims ?? 0),
      attr.type("Tparams", running().binding.dtypeOf(idOf(x))),
      attr.type("Tindices", DataType.int32),
      attr.type("Taxis", DataType.int32),
    ], [x, indices, axisTensor]);
    axisTensor.dispose();
    return result;
  },
});

// In a traced function the copy of a variable must follow the variable too.
const identity = tf.getKernel("Identity", NAME);
tf.unregisterKernel("Identity", NAME);
tf.registerKernel({
  ...identity,
  kernelFunc: (parameters) => {
    const { binding, backend } = running();
    const { x } = parameters.inputs;
    return binding.tracing && x instanceof tf.Variable
      ? backend.captured(x)
      : identity.kernelFunc(parameters);
  },
});

// A variable that was assigned a tensor without a value could not be used any more.
const { assign } = tf.Variable.prototype;
tf.Variable.prototype.assign = function (value) {
  if (started?.binding.tracing) {
    throw new TensorflowError(
      `the variable ${this.name} was assigned to in a traced function${atUserFrame()}; return the new ` +
        `value and assign it outside, or use a ResourceVariable`,
    );
  }
  assign.call(this, value);
};

export { tf };
