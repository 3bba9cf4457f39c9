/**
 * Files of tensors that are announced before they are written.
 *
 * @module
 */

/** A file being written: tensors may come in any order. */
export interface TensorFile<Values> {
  /** Writes one tensor. Throws when it is unknown, written twice, or of another length. */
  write(name: string, values: Values): void;
  /** Checks that every tensor was written, syncs the file and gives it its name. */
  finish(): void;
  /** Closes and removes the unfinished file. */
  abandon(): void;
}

/** What a file is made of. */
export interface TensorFileParts<Values, Place> {
  head: Uint8Array;
  /** Where the first tensor is; what is between it and the head is zero. */
  dataStart: number;
  /** Bytes of all tensors and of what is between and behind them, which is zero. */
  dataBytes: number;
  /** Where each tensor is, from `dataStart` on. */
  places: ReadonlyMap<string, Place>;
  /** The tensor's bytes. Throws when it is of another length than its place. */
  encode(values: Values, place: Place, name: string): Uint8Array;
}

/** Starts a file. It bears a temporary name until `finish`. */
export function createTensorFile<Values, Place extends { start: number }>(
  path: string,
  { head, dataStart, dataBytes, places, encode }: TensorFileParts<Values, Place>,
): TensorFile<Values> {
  const partial = `${path}.partial`;
  const file = Deno.openSync(partial, { write: true, create: true, truncate: true });
  const put = (bytes: Uint8Array, position: number) => {
    file.seekSync(position, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  };
  put(head, 0);
  file.truncateSync(dataStart + dataBytes);
  const missing = new Set(places.keys());
  return {
    write(name, values) {
      const place = places.get(name);
      if (!place) throw new Error(`${path}: tensor ${name} was not announced`);
      if (!missing.delete(name)) throw new Error(`${path}: tensor ${name} was written before`);
      put(encode(values, place, name), dataStart + place.start);
    },
    finish() {
      if (missing.size > 0) {
        throw new Error(`${path}: tensors never written: ${[...missing].slice(0, 5).join(", ")}`);
      }
      file.syncSync();
      file.close();
      Deno.renameSync(partial, path);
    },
    abandon() {
      file.close();
      Deno.removeSync(partial);
    },
  };
}
