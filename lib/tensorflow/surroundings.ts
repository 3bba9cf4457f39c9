/**
 * Where code runs and under which label, for its gradient to run there too.
 *
 * @module
 */
import { running } from "./backend.ts";
import { currentScope, withScope } from "./scope.ts";

/**
 * Remembers the device and the label of now.
 * @param part what comes after the label
 * @returns runs a function there
 */
export function surroundings(part: string): <R>(fn: () => R) => R {
  const { context } = running().binding;
  const { device } = context;
  const label = currentScope();
  return (fn) => {
    const outer = context.device;
    context.device = device;
    try {
      return withScope(label ? `${label}/${part}` : part, fn);
    } finally {
      context.device = outer;
    }
  };
}
