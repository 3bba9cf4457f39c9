/** One request with headers that `fetch` would not send. */
export async function raw(origin: string, lines: string[], body = ""): Promise<string> {
  const { hostname, port } = new URL(origin);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const text = [...lines, "Connection: close", `Content-Length: ${body.length}`, "", body].join(
    "\r\n",
  );
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}
