/**
 * In which order the operations on resource variables run in a traced function: the one in which they were
 * recorded, as far as it matters. Reads wait for the write before them, writes for everything before them.
 *
 * @module
 */

/** Operations that leave a resource as it is. */
const READS = new Set([
  "ReadVariableOp",
  "ResourceGather",
  "ResourceGatherNd",
  "VariableShape",
  "VarIsInitializedOp",
]);

export class ResourceOrder<Operation> {
  private readonly resources = new Map<string, { write?: Operation; reads: Operation[] }>();

  /** What an operation on these resources has to wait for. */
  before(name: string, resources: string[]): Operation[] {
    const earlier = resources.flatMap((resource) => {
      const { write, reads } = this.resources.get(resource) ?? { reads: [] };
      const writes = write === undefined ? [] : [write];
      return READS.has(name) ? writes : [...writes, ...reads];
    });
    return [...new Set(earlier)];
  }

  /** Takes note of an operation on these resources. */
  add(name: string, resources: string[], operation: Operation): void {
    for (const resource of resources) {
      if (READS.has(name)) {
        const { write, reads } = this.resources.get(resource) ?? { reads: [] };
        this.resources.set(resource, { write, reads: [...reads, operation] });
      } else this.resources.set(resource, { write: operation, reads: [] });
    }
  }

  /** The last write of each resource: with these, every write has been done. */
  lastWrites(): Operation[] {
    const writes = [...this.resources.values()].flatMap(({ write }) =>
      write === undefined ? [] : [write]
    );
    return [...new Set(writes)];
  }
}
