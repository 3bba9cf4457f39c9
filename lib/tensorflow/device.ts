/**
 * Where operations run and tensors are: `CPU:0`, `GPU:0`, or the full name that `devices()` lists.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { devices, idOf, running, toTensor } from "./backend.ts";
import { cString, readCString, TensorflowError } from "./library.ts";

/**
 * Runs `fn` with every operation placed on a device, eagerly and in a traced function; inputs that are elsewhere
 * are copied. Gradients of operations made with `customGrad` or `recompute` run where their forward part did,
 * tfjs's own where the gradient is taken.
 *
 * @throws TensorflowError when there is no such device
 */
export function withDevice<R>(name: string, fn: () => R): R {
  const { context } = running().binding;
  const outer = context.device;
  context.device = fullName(name);
  try {
    return fn();
  } finally {
    context.device = outer;
  }
}

/** A copy of a tensor on a device. It has no gradient of its own. */
export function copyToDevice(tensor: tf.Tensor, name: string): tf.Tensor {
  const { binding } = running();
  if (binding.tracing) {
    return withDevice(name, () => toTensor(binding.after(idOf(tensor), [])));
  }
  const { c, pointer, status } = binding.context;
  const device = fullName(name);
  const handle = c.TFE_TensorHandleCopyToDevice(
    binding.handle(idOf(tensor)),
    pointer,
    cString(device),
    status.pointer,
  );
  status.check(() => `copying a tensor to ${device}`);
  return toTensor(binding.adopt(handle));
}

/** The full name of the device that a tensor's data is on. */
export function deviceOf(tensor: tf.Tensor): string {
  const { binding } = running();
  const { c, status } = binding.context;
  const handle = binding.handle(idOf(tensor));
  const name = readCString(c.TFE_TensorHandleBackingDeviceName(handle, status.pointer));
  status.check(() => "asking for a tensor's device");
  return name;
}

function fullName(name: string): string {
  const known = devices().map((device) => device.name);
  const found = known.find((full) => full === name || full.endsWith(`/device:${name}`));
  if (!found) {
    throw new TensorflowError(`there is no device ${name}; there are ${known.join(", ")}`);
  }
  return found;
}
