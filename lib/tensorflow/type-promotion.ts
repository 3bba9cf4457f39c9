/**
 * What tfjs does not know: that a "float32" tensor may have bfloat16 or float16 in it.
 *
 * @module
 */
import { type Attribute, findAttribute, withType } from "./attributes.ts";
import { DataType, isHalf, shownAs } from "./dtypes.ts";
import { opDefinition } from "./op-definitions.ts";

/** The attributes that an operation really takes, and the inputs (by position) that must be cast first. */
export interface SettledTypes {
  attributes: Attribute[];
  casts: { position: number; to: number }[];
}

/**
 * tfjs takes every float for float32 and says so in the attributes. This puts the real types there, and widens
 * the narrower ones where an operation wants one type for several inputs.
 *
 * @param dtypes the inputs' real types
 */
export function settleTypes(
  name: string,
  attributes: Attribute[],
  dtypes: number[],
): SettledTypes {
  const casts: SettledTypes["casts"] = [];
  if (dtypes.every((d) => shownAs(d) === d)) return { attributes, casts };
  for (const [typeAttribute, positions] of inputsByType(name, dtypes.length)) {
    const types = new Set(positions.map((p) => dtypes[p]));
    let target = dtypes[positions[0]];
    if (types.size > 1) {
      if (![...types].every((d) => isHalf(d) || d === DataType.float32)) continue;
      target = DataType.float32;
      for (const position of positions) {
        if (dtypes[position] !== target) casts.push({ position, to: target });
      }
    }
    if (findAttribute(attributes, typeAttribute) || types.size > 1 || shownAs(target) !== target) {
      attributes = withType(attributes, typeAttribute, target);
    }
  }
  return { attributes, casts };
}

/** Which inputs of an operation share the type that an attribute names. */
function inputsByType(name: string, count: number): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  const definition = opDefinition(name);
  if (!definition) return groups;
  let at = 0;
  definition.inputs.forEach((argument, i) => {
    const isList = argument.numberAttribute || argument.typeListAttribute;
    const length = isList ? count - at - (definition.inputs.length - i - 1) : 1;
    if (argument.typeAttribute) {
      const positions = groups.get(argument.typeAttribute) ?? [];
      for (let k = 0; k < length; k++) positions.push(at + k);
      groups.set(argument.typeAttribute, positions);
    }
    at += length;
  });
  return groups;
}
