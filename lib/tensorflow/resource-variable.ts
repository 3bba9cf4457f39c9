/**
 * TensorFlow's own variables: memory that operations change in place, in traced functions too.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { attr } from "./attributes.ts";
import { dtypeOf, effect, idOf, op, running } from "./backend.ts";
import { dataTypeName } from "./dtypes.ts";
import { TensorflowError } from "./library.ts";

/** The name under which every handle is a variable of its own, which goes with its last handle. */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/**
 * A value that stays and changes, behind a resource handle.
 *
 * In a traced function, which it may be an argument of, reads and writes happen at each call, in the order of the
 * program. TensorFlow's operations
 * for training take the handle: `effect("ResourceApplyAdam", […], [w.handle, …])` updates `w` in place, as long
 * as no tensor that was read from it is still there; otherwise it is copied first, and the tensor keeps its value.
 */
export class ResourceVariable {
  private constructor(
    private readonly resource: tf.Tensor,
    readonly shape: number[],
    /** TensorFlow's `DataType` number of what is stored. */
    readonly dtype: number,
  ) {
    running().binding.setContents(idOf(resource), { shape, dtype });
  }

  /** A variable that begins with the value of `initial`, of its real type. Not in a traced function. */
  static from(initial: tf.Tensor): ResourceVariable {
    if (running().binding.tracing) {
      throw new TensorflowError("a ResourceVariable cannot be made in a traced function");
    }
    const dtype = dtypeOf(initial);
    const resource = tf.keep(op("VarHandleOp", [
      attr.type("dtype", dtype),
      attr.shape("shape", initial.shape),
      attr.string("container", ""),
      attr.string("shared_name", ANONYMOUS),
    ], []));
    const variable = new ResourceVariable(resource, initial.shape, dtype);
    variable.assign(initial);
    return variable;
  }

  /** The variable behind a handle, as an argument of a traced function. */
  static of(handle: tf.Tensor, shape: number[], dtype: number): ResourceVariable {
    return new ResourceVariable(handle, shape, dtype);
  }

  /** The resource handle, for operations that take one. */
  get handle(): tf.Tensor {
    if (this.resource.isDisposed) throw new TensorflowError("the variable was disposed");
    return this.resource;
  }

  /** The value now. It has no gradient to the variable: take gradients by the tensor that is read. */
  read(): tf.Tensor {
    return op("ReadVariableOp", [attr.type("dtype", this.dtype)], [this.handle]);
  }

  /** @throws TensorflowError when shape or type is another */
  assign(value: tf.Tensor): void {
    this.update("AssignVariableOp", value);
  }

  /** Adds `delta`, in place. */
  assignAdd(delta: tf.Tensor): void {
    this.update("AssignAddVariableOp", delta);
  }

  /** Subtracts `delta`, in place. */
  assignSub(delta: tf.Tensor): void {
    this.update("AssignSubVariableOp", delta);
  }

  dispose(): void {
    if (this.resource.isDisposed) return;
    effect("DestroyResourceOp", [attr.bool("ignore_lookup_error", true)], [this.resource]);
    this.resource.dispose();
  }

  private update(operation: string, value: tf.Tensor): void {
    if (dtypeOf(value) !== this.dtype || `${value.shape}` !== `${this.shape}`) {
      throw new TensorflowError(
        `${operation}: a variable of ${
          dataTypeName(this.dtype)
        }[${this.shape}] cannot take a tensor of ` +
          `${dataTypeName(dtypeOf(value))}[${value.shape}]`,
      );
    }
    effect(operation, [attr.type("dtype", this.dtype)], [this.handle, value]);
  }
}
