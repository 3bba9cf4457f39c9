/** Headers of a file to keep. @param name letters, digits, dots and dashes */
export const downloadHeaders = (name: string, type: string): Record<string, string> => ({
  "Content-Type": type,
  "Content-Disposition": `attachment; filename="${name}"`,
});
