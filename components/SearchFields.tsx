/** A search word and choices above a list, as a form that reloads the page. An empty choice means all. */
export function SearchFields(
  { search, choices }: {
    search: string;
    choices: readonly { name: string; value: string; options: readonly string[] }[];
  },
) {
  return (
    <form class="filters" role="search">
      <label>
        Search
        <input type="search" name="search" value={search} maxLength={200} />
      </label>
      {choices.map(({ name, value, options }) => (
        <label key={name}>
          {name[0].toUpperCase() + name.slice(1)}
          <select name={name}>
            <option value="" selected={value === ""}>all</option>
            {options.map((option) => (
              <option key={option} value={option} selected={option === value}>{option}</option>
            ))}
          </select>
        </label>
      ))}
      <button type="submit">Show</button>
    </form>
  );
}
