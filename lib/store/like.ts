/** The pattern of `ILIKE … ESCAPE '\'` for texts that contain this one, whatever signs are in it. */
export function likePattern(part: string): string {
  return `%${part.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}
