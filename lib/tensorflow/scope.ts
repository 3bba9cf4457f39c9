/**
 * Labels for what a stretch of code runs, as "layer 3/attention": they group the figures of
 * {@link profileOps}, and name the nodes of traced functions in TensorFlow's own messages and profiles.
 *
 * @module
 */

let current = "";

/** The label that operations run under now; empty outside every {@link scope}. */
export const currentScope = (): string => current;

/**
 * Runs `fn` under a label; labels nest with "/".
 *
 * The gradient of an operation made with `customGrad` runs under the label of its forward part and
 * "/gradient", wherever it is asked for. Gradients of tfjs's own operations run under the label of whoever
 * takes the gradient.
 */
export function scope<R>(name: string, fn: () => R): R {
  return withScope(current ? `${current}/${name}` : name, fn);
}

/** Runs `fn` under exactly this label, whatever the label around it is. */
export function withScope<R>(label: string, fn: () => R): R {
  const outer = current;
  current = label;
  try {
    return fn();
  } finally {
    current = outer;
  }
}
