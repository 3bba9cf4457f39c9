/** What went wrong, in one sentence. */
export function ErrorPage({ status, message }: { status: number; message: string }) {
  return (
    <main class="card">
      <p class="brand">codepref</p>
      <h1>
        {status === 401 ? "Not signed in" : status === 404 ? "Not found" : "That did not work"}
      </h1>
      <p class="sentence">{message}</p>
      <p>
        <a href="/">To the labeling page</a>
      </p>
    </main>
  );
}
