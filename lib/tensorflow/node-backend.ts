/**
 * tfjs-node's backend with what it lacks: variables that keep changing under a traced function, and an end for
 * tensors that nobody disposed of.
 *
 * @module
 */
import "./node-util.ts";
import * as tf from "@tensorflow/tfjs";
import nodeBackend from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import type { Attribute } from "./attributes.ts";
import type { Binding } from "./binding.ts";
import type { TensorMetadata } from "./tensor-table.ts";
import { TensorflowError } from "./library.ts";
import { atUserFrame } from "./user-frame.ts";

/** What tfjs-node keeps of a tensor; `id` is the binding's number, or negative before there is one. */
interface TensorData {
  id: number;
}

/** The part of tfjs-node's `NodeJSKernelBackend` that is used here. */
interface NodeJSKernelBackend extends tf.KernelBackend {
  readonly tensorMap: { get(dataId: object): TensorData };
  move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void;
  disposeData(dataId: object, force?: boolean): boolean;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeSingleOutput(
    name: string,
    attributes: Attribute[],
    inputs: readonly tf.TensorInfo[],
  ): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: readonly tf.TensorInfo[],
    count: number,
  ): tf.Tensor[];
}
const NodeJSKernelBackend = nodeBackend.NodeJSKernelBackend as unknown as new (
  binding: Binding,
  packageName: string,
) => NodeJSKernelBackend;

export class NodeBackend extends NodeJSKernelBackend {
  /** Frees what stands behind a `dataId` that the garbage collector took: no tensor with it can exist any more. */
  private readonly forgotten = new FinalizationRegistry<TensorData>(({ id }) =>
    this.ourBinding.deleteTensor(id)
  );

  constructor(private readonly ourBinding: Binding) {
    super(ourBinding, "@tensorflow/tfjs-node");
  }

  override createOutputTensor(metadata: TensorMetadata): tf.Tensor {
    const tensor = super.createOutputTensor(metadata);
    this.watch(tensor.dataId);
    return tensor;
  }

  override move(...data: Parameters<NodeJSKernelBackend["move"]>): void {
    super.move(...data);
    this.watch(data[0]);
  }

  override disposeData(dataId: object, force?: boolean): boolean {
    const gone = super.disposeData(dataId, force);
    if (gone) this.forgotten.unregister(dataId);
    return gone;
  }

  private watch(dataId: object): void {
    this.forgotten.register(dataId, this.tensorMap.get(dataId), dataId);
  }

  /** The binding's numbers of tensors; in a traced function a variable from outside is an input that may change. */
  override getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[] {
    if (!this.ourBinding.tracing || !tensors.some((t) => t instanceof tf.Variable)) {
      return super.getInputTensorIds(tensors);
    }
    return tensors.map((t) =>
      super.getInputTensorIds([t instanceof tf.Variable ? this.captured(t) : t])[0]
    );
  }

  /** In a traced function: the tensor that stands for a variable's value at the time of each call. */
  captured(variable: tf.Variable): tf.Tensor {
    return this.createOutputTensor(this.ourBinding.captureChanging(variable, () => {
      if (variable.isDisposed) {
        throw new TensorflowError(
          `the variable ${variable.name} was disposed, and a traced function that uses it called${atUserFrame()}`,
        );
      }
      return super.getInputTensorIds([variable])[0];
    }));
  }
}
