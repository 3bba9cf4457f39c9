/**
 * Linear layers of a frozen base with trained LoRA adapters beside them. Suffixes as in kernels.ts, and
 * R inner width of the adapters (of all those together that read the same input).
 *
 * @module
 */
import { attr, customGradMany, DataType, fused, op, tf, together } from "@/lib/tensorflow/mod.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { concat, linear, matMul } from "@/lib/models/kernels.ts";
import { adapterNames, type LoraSettings } from "@/lib/models/lora.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";
import type { TensorShare } from "@/lib/models/tensor-share.ts";
import { type Joined, JOINED_NAMES, partNames, type Weights } from "@/lib/models/weights.ts";

/** Adapters as the decoder applies them. */
export interface Adapters {
  /** Trained tensors under PEFT's names. */
  weights: Weights;
  settings: LoraSettings;
  /** Two int32 that dropout depends on; none where nothing is dropped out. */
  dropoutSeed: tf.Tensor | null;
}

/** Which product of the decoder is adapted. */
export interface ProductPlace {
  config: DecoderConfig;
  layer: number;
  name: Joined;
  /** Whose part of the inputs this process has; null for all of them. */
  inputsOf: TensorShare | null;
}

/** The adapters of one matrix that has the rows `from` to `from + count − 1` of a joined one. */
interface Part {
  from: number;
  count: number;
  a_RI: tf.Tensor;
  b_OR: tf.Tensor;
}

/**
 * x_NI · w_OIᵀ of a frozen, joined matrix for each part of the rows, with the adapters of those of the matrix's parts
 * that have some. Gradients go to x, in the precision of the products, and to the adapters, in fp32; the matrix has
 * none.
 *
 * The A of all adapters are one product u = dropout(x)·Aᵀ, with one mask for them, and so are the B, each in the rows
 * and columns of its own. The base's result is as without adapters and the change is added to it: as long as B is
 * zero both are the same to the last bit, which [x, u] · [w, B]ᵀ, one product less, would not be.
 */
export function adaptedLinear(
  x_NI: tf.Tensor[],
  w_OI: tf.Tensor,
  place: ProductPlace,
  { weights, settings: { r, alpha, dropout: rate }, dropoutSeed }: Adapters,
  precision: Precision,
): tf.Tensor[] {
  const adapted = adaptedParts(place, weights), n = adapted.length, parts = x_NI.length;
  if (n === 0) return linear(x_NI, w_OI);
  const joinedA = (a: tf.Tensor[]) => toCompute(concat(a, 0), precision);
  const joinedB = (b: tf.Tensor[]) => {
    const columns = b.map((b_OR, i) => {
      const { from, count } = adapted[i];
      return tf.pad(b_OR, [[from, w_OI.shape[0] - from - count], [0, 0]]);
    });
    return toCompute(tf.mul(concat(columns, 1), alpha / r), precision);
  };
  const gradients = (dy: tf.Tensor[], [w_OI, ...saved]: tf.Tensor[]) => {
    const take = (count: number) => saved.splice(0, count);
    const a_RI = joinedA(take(n)), b_OR = joinedB(take(n));
    const d_NI = take(parts), u_NR = take(parts), masks = saved;
    const du_NR = dy.map((dy) => matMul(dy, b_OR, false, false));
    return [
      ...dy.map((dy, i) => () =>
        masks[i]
          ? add[precision](
            matMul(dy, w_OI, false, false),
            dropped(matMul(du_NR[i], a_RI, false, false), masks[i], rate, precision),
          )[0]
          : matMul(tf.concat([dy, du_NR[i]], 1), tf.concat([w_OI, a_RI], 0), false, false)
      ),
      ...together(n, () => {
        const da_RI = matMul(concat(du_NR, 0), concat(d_NI, 0), true, false);
        return adapted.map((_, i) => toFp32(tf.slice(da_RI, [i * r, 0], [r, -1])));
      }),
      ...together(n, () => {
        // As rows: the product with few rows is faster than the one with few columns.
        const db_RO = matMul(concat(u_NR, 0), concat(dy, 0), true, false);
        return adapted.map(({ from, count }, i) => {
          const db = toFp32(tf.slice(db_RO, [i * r, from], [r, count]));
          return tf.mul(tf.transpose(db), alpha / r);
        });
      }),
    ];
  };
  return customGradMany((...inputs) => {
    const x = inputs.slice(0, parts), ab = inputs.slice(parts);
    const a_RI = joinedA(ab.slice(0, n)), b_OR = joinedB(ab.slice(n));
    const masks = dropoutSeed && rate > 0 ? dropoutMasks(x, rate, dropoutSeed, place) : [];
    const d_NI = x.map((x, i) => masks[i] ? dropped(x, masks[i], rate, precision) : x);
    const u_NR = d_NI.map((d) => matMul(d, a_RI, false, true));
    const values = x.map((x, i) => {
      const y_NO = matMul(x, w_OI, false, true);
      return add[precision](y_NO, matMul(u_NR[i], b_OR, false, true))[0];
    });
    return { values, saved: [w_OI, ...ab, ...d_NI, ...u_NR, ...masks], gradients };
  })(
    ...x_NI,
    ...adapted.map((part) => part.a_RI),
    ...adapted.map((part) => part.b_OR),
  );
}

function adaptedParts({ config, layer, name }: ProductPlace, weights: Weights): Part[] {
  const shapes = tensorShapes(config), parts: Part[] = [];
  let from = 0;
  for (const matrix of partNames((part) => shapes.has(part), layer, name)) {
    const [count] = shapes.get(matrix)!, { a, b } = adapterNames(matrix);
    if (weights[a]) parts.push({ from, count, a_RI: weights[a], b_OR: weights[b] });
    from += count;
  }
  return parts;
}

const sum = (precision: Precision) =>
  fused("add_adapters", (x, y) => [toCompute(tf.add(toFp32(x), toFp32(y)), precision)]);
const add = { fp32: sum("fp32"), bf16: sum("bf16") };

const mask = (precision: Precision) =>
  fused(
    "dropout",
    (x, keep, scale) => [
      toCompute(tf.mul(toFp32(x), tf.mul(tf.cast(keep, "float32"), scale)), precision),
    ],
  );
const masks = { fp32: mask("fp32"), bf16: mask("bf16") };

/** x, or a gradient with respect to it, where `keep` is true divided by 1 − rate, elsewhere 0. */
const dropped = (x: tf.Tensor, keep: tf.Tensor, rate: number, precision: Precision): tf.Tensor =>
  masks[precision](x, keep, tf.scalar(1 / (1 - rate)))[0];

/** Each place in the model draws a mask of its own. */
const siteOf = ({ layer, name }: ProductPlace): number =>
  layer * JOINED_NAMES.length + JOINED_NAMES.indexOf(name);

/**
 * For each part of the rows: false with probability `rate`. Depends on the two int32 of the seed and the site alone
 * (Philox), not on how the rows are divided; a process with a part of the inputs has that part of the whole mask.
 */
function dropoutMasks(
  x_NI: tf.Tensor[],
  rate: number,
  seed_2: tf.Tensor,
  place: ProductPlace,
): tf.Tensor[] {
  const rows = x_NI.reduce((n, x) => n + x.shape[0], 0), inputs = x_NI[0].shape[1]!;
  const { rank, world } = place.inputsOf ?? { rank: 0, world: 1 };
  const uniform = op("StatelessRandomUniform", [
    attr.type("dtype", DataType.float32),
    attr.type("T", DataType.int32),
    attr.type("Tseed", DataType.int32),
  ], [
    tf.tensor1d([rows, world * inputs], "int32"),
    tf.add(seed_2, tf.tensor1d([0, siteOf(place)], "int32")),
  ]);
  const own = world === 1 ? uniform : tf.slice(uniform, [0, rank * inputs], [rows, inputs]);
  return tf.split(tf.greaterEqual(own, rate), x_NI.map((x) => x.shape[0]), 0);
}
