/** Placement on two logical CPU devices, as JSON. */
import {
  configure,
  copyToDevice,
  customGrad,
  deviceOf,
  devices,
  fused,
  jit,
  recompute,
  tf,
  withDevice,
} from "@/lib/tensorflow/mod.ts";

configure({
  cpuDevices: 2,
  intraOpThreads: 1,
  interOpThreads: 2,
  gpuMemoryGrowth: true,
  tf32: false,
});

const short = (tensor: tf.Tensor) => deviceOf(tensor).split("/device:")[1];
const where: Record<string, string> = {};
const values: Record<string, number[]> = {};
function note(name: string, tensor: tf.Tensor) {
  where[name] = short(tensor);
  values[name] = Array.from(tensor.dataSync());
}

const kernel = fused("double", (x) => [tf.mul(x, 2)]);
const double = customGrad((x: tf.Tensor) => ({
  value: kernel(x)[0],
  saved: [],
  gradients: (dy) => [() => kernel(dy)[0]],
}));

tf.tidy(() => {
  const x = tf.tensor1d([1, 2, 3]);
  note("plain", tf.square(x));
  const second = withDevice("CPU:1", () => tf.square(x));
  note("placed", second);
  note("nested", withDevice("CPU:1", () => withDevice("CPU:0", () => tf.square(second))));
  note("mixed", tf.add(x, second));
  note("copied", copyToDevice(x, devices()[1].name));
  const layers = jit((x: tf.Tensor) => {
    const a = withDevice("CPU:0", () => tf.square(x));
    const b = withDevice("CPU:1", () => tf.square(tf.add(a, 1)));
    // The same operation on the same inputs elsewhere is another one.
    return [a, b, withDevice("CPU:1", () => tf.square(x)), copyToDevice(a, "CPU:1")];
  });
  layers(x).forEach((tensor, i) => note(`traced ${i}`, tensor));
  const gradients = (x: tf.Tensor) =>
    tf.grad((x: tf.Tensor) =>
      withDevice("CPU:1", () => recompute((x: tf.Tensor) => tf.square(double(x)))(x))
    )(x);
  note("gradient", gradients(x));
  note("traced gradient", jit(gradients)(x));
});

const messages: string[] = [];
for (
  const attempt of [
    () => withDevice("CPU:7", () => 1),
    () => configure({ cpuDevices: 2 }),
  ]
) {
  try {
    attempt();
    messages.push("nothing was thrown");
  } catch (error) {
    messages.push((error as Error).message);
  }
}
console.log(JSON.stringify({
  devices: devices().filter((device) => device.type === "CPU").map(({ name }) => name),
  where,
  values,
  messages,
}));
