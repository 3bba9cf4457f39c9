import { Signal } from "@preact/signals";
import { uneval } from "devalue";
import { type ComponentType, createContext, Fragment, h, options, type VNode } from "preact";
import { useContext } from "preact/hooks";

/** A use of an island: an export of a bundled module, with its properties. */
export type IslandUse = { exportName: string; url: string; props: object };

/** The islands met while a page is rendered; `undefined` inside one, whose children belong to it. */
export const IslandsContext = createContext<IslandUse[] | undefined>(undefined);

const wrappers = new Map<unknown, ComponentType>();
const originals = new WeakSet<VNode>();
const before = options.vnode;
options.vnode = (vnode) => {
  const wrapper = wrappers.get(vnode.type);
  if (wrapper && !originals.has(vnode)) vnode.type = wrapper;
  before?.(vnode);
};

/** Makes every later use of `component` on the server an island. */
export function registerIsland(component: ComponentType, exportName: string, url: string): void {
  wrappers.set(component, (props) => {
    const used = useContext(IslandsContext);
    const original = h(component, props);
    originals.add(original);
    original.type = component;
    if (!used) return original;
    const marker = `island:${used.push({ exportName, url, props }) - 1}`;
    const inside = h(IslandsContext.Provider, { value: undefined, children: original });
    return h(Fragment, null, comment(marker), inside, comment(`/${marker}`));
  });
}

// Understood by preact-render-to-string alone, hence not in preact's types.
const comment = (text: string) => h(Fragment, { UNSTABLE_comment: text } as object);

/** The inline module that brings islands to life. Signals that islands share stay shared. */
export function islandsScript(used: IslandUse[], clientUrl: string): string {
  const imports = used.map((use, i) => `import{${use.exportName} as I${i}}from"${use.url}";`);
  const names = used.map((_, i) => `I${i}`).join();
  const props = uneval(
    used.map((use) => use.props),
    (value, js) => value instanceof Signal ? js`signal(${value.peek()})` : undefined,
  );
  return `import{boot,signal}from"${clientUrl}";${imports.join("")}boot([${names}],${props});`;
}
