/**
 * An SVG for places that do not have the colours of a page of ours: files, and pictures in notebooks. It gets white
 * paper and dark ink of its own.
 */
export function onPaper(svg: string): string {
  const paper = '<rect width="100%" height="100%" fill="#ffffff"/>';
  return svg.replace(/<svg\b[^>]*>/, (root) => root.replace(/>$/, ` color="#1f2328">${paper}`));
}
