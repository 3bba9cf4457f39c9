/**
 * Colours of the figures: from Okabe and Ito's palette for all kinds of colour vision, blue and green a little
 * moved, so that each has a contrast of at least 3:1 on white and on near-black.
 *
 * @module
 */
export const BLUE = "#2684c6";
export const ORANGE = "#d55e00";
export const GREEN = "#00916a";
export const PURPLE = "#b5609a";
