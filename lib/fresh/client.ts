/** Brings islands to life in the browser; bundled by the Builder. */
import { type ComponentType, type ContainerNode, h, render } from "preact";
import { createRootFragment } from "preact-root-fragment";

export { signal } from "@preact/signals";

/** Renders each island of the page over what the server sent for it. */
export function boot(components: ComponentType[], props: object[]): void {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
  const markers = new Map<string, Node>();
  while (walker.nextNode()) markers.set((walker.currentNode as Comment).data, walker.currentNode);
  components.forEach((component, index) => {
    const end = markers.get(`/island:${index}`)!;
    const nodes: ContainerNode[] = [];
    for (let node = markers.get(`island:${index}`)!; node !== end; node = node.nextSibling!) {
      nodes.push(node);
    }
    render(h(component, props[index]), createRootFragment(end.parentNode!, nodes));
  });
}
