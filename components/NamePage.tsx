/** Asks a new labeler for a name. */
export function NamePage() {
  return (
    <main class="card">
      <p class="brand">codepref</p>
      <h1>Who is labeling?</h1>
      <p>
        You will see two solutions to a programming question and say which one you prefer. Your name
        is stored with each decision.
      </p>
      <form method="post" action="/session" class="name-form">
        <label for="name">Your name</label>
        <input
          id="name"
          name="name"
          required
          maxLength={64}
          autocomplete="nickname"
          autofocus
          placeholder="ada"
        />
        <button type="submit" class="primary">Start labeling</button>
      </form>
    </main>
  );
}
