/**
 * Half precision (IEEE binary16).
 *
 * @module
 */

/** fp32 value of every half-precision bit pattern: quicker to look up than to compute. */
export const HALF = new Float32Array(
  new Float16Array(Uint16Array.from({ length: 65536 }, (_, bits) => bits).buffer),
);
