"""Batches of Anthropic's, Stanford's and Stack Exchange's preferences as the reference makes them, from the rows in
tests/fixtures/datasets.

The rules are those of preference_datasets.py of https://github.com/eric-mitchell/direct-preference-optimization, written
anew here. To compute with that file itself, name it: REFERENCE_DATASETS=…/preference_datasets.py make.py --check datasets
"""

import importlib.util
import json
import os
import random
import sys
import types

import numpy as np

import common

ROWS = common.FIXTURES / "datasets"
EOS = 256


class ByteTokenizer:
    """Ids are bytes of UTF-8, as those of tests/datasets/byte-tokenizer.ts."""

    eos_token_id = pad_token_id = EOS

    def __call__(self, text, add_special_tokens=True):
        ids = list(text.encode("utf-8"))
        return {"input_ids": ids, "attention_mask": [1] * len(ids)}


RUNS = {
    "hh": dict(names=["hh"], batch_size=2, n_epochs=3, max_length=96, max_prompt_length=48),
    "hh, responses cut": dict(names=["hh"], batch_size=3, n_epochs=1, max_length=40, max_prompt_length=24, seed=11),
    "hh, test, SFT": dict(names=["hh"], split="test", batch_size=1, n_epochs=1, sft_mode=True, shuffle=False),
    "shp": dict(names=["shp"], batch_size=2, n_epochs=2, max_length=96, max_prompt_length=48, seed=4),
    "shp, SFT": dict(names=["shp"], batch_size=1, n_epochs=1, sft_mode=True, seed=5),
    "shp, test": dict(names=["shp"], split="test", batch_size=1, n_epochs=1),
    "se": dict(names=["se"], batch_size=4, n_examples=30, max_length=160, max_prompt_length=64, seed=1),
    "se, SFT": dict(names=["se"], batch_size=4, n_examples=20, sft_mode=True, max_length=160, max_prompt_length=64),
    "se, test": dict(names=["se"], split="test", batch_size=1, n_epochs=1, shuffle=False),
    "hh and shp": dict(names=["hh", "shp"], batch_size=4, n_examples=23, max_length=96, max_prompt_length=48, seed=2**32 - 1),
}


# What Stack Exchange's HTML is made of. Of what is broken there is only what all versions of Python's parser read alike.
PIECES = (
    ["<p>", "</p>", "<P class='a'>", "<pre>", "</pre>", "<code>", "</code>", "<pre><code>", "</code></pre>", "<a href=\"x>y\">"]
    + ["</a>", "<b>", "</b>", "<br>", "<br/>", "</br>", "<hr />", "<li>", "<ul>", "</ul>", "<blockquote>", "</blockquote>"]
    + ["<template>", "</template>", "<rt>", "</rt>", "<!-- c -->", "<!-- language: lang-py -->", "<p x=1 y='2' z>", "<p/>"]
    + ["<", "> ", "&", "&amp;", "&lt;", "&lt", "&nbsp;", "&foo;", "&notin;", "&not", "&#39;", "&#x27;", "&#39", "&#128;"]
    + ["&#0;", "&#xD800;", "&#99999999;", "é", "\u00a0", "\u0085", "\n", "  ", "\n\n", "text", "a b", "3>2", "<3", "\t"]
    + ["<code\n>", "<pre lang=x>", "</pre\n>", "🌱"]
)


def make():
    reference = the_reference()
    batches, strip = (
        (lambda **given: reference.get_batch_iterator(tokenizer=ByteTokenizer(), silent=True, **given), reference.strip_html_tags)
        if reference
        else (own_batches, stripped)
    )
    pick = random.Random(1)
    pages = ["".join(pick.choices(PIECES, k=pick.randint(1, 14))) for _ in range(400)]
    # Outside of paragraphs and code all is lost.
    pages = [*pages[:100], *(f"<p>{page}" for page in pages[100:250]), *(f"<pre><code>{page}" for page in pages[250:])]
    runs = {}
    for name, settings in RUNS.items():
        given = {"split": "train", "sft_mode": False, "shuffle": True, "seed": 0, "max_length": 512, "max_prompt_length": 128}
        given.update(settings)
        runs[name] = {"settings": given, "batches": [unpadded(batch) for batch in batches(**given)]}
    return {"made_with": versions(), "html": [[page, strip(page)] for page in pages], "runs": runs}


def unpadded(batch):
    """Ids and where the response begins, after making sure that labels and masks say nothing else."""
    out = []
    for i in range(len(batch["prompt"])):
        example = {"prompt": batch["prompt"][i]}
        for side in ("chosen", "rejected"):
            if f"{side}_input_ids" not in batch:
                continue
            ids, labels, mask = (
                [int(x) for x in batch[f"{side}_{kind}"][i]] for kind in ("input_ids", "labels", "attention_mask")
            )
            length, start = sum(mask), sum(label == -100 for label in labels[: sum(mask)])
            assert mask == [1] * length + [0] * (len(mask) - length)
            assert ids[length:] == [EOS] * (len(ids) - length)
            assert labels == [-100] * start + ids[start:length] + [-100] * (len(ids) - length)
            example[side] = {"ids": ids[:length], "start": start}
        out.append(example)
    return out


def rows_of(name, split):
    files = sorted((ROWS / name).rglob(f"{split}*"))
    assert files
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def the_reference():
    """The reference's own file, reading our rows, where it is named."""
    path = os.environ.get("REFERENCE_DATASETS")
    if path is None:
        return None
    import datasets

    def load_dataset(repo, split=None, cache_dir=None):
        name = {"Anthropic/hh-rlhf": "hh", "stanfordnlp/SHP": "shp"}.get(repo, "se")
        if split is not None:
            return rows_of(name, split)
        return {"train": datasets.Dataset.from_list(rows_of(name, "train"))}

    class TemporarilySeededRandom:
        def __init__(self, seed):
            # random.seed takes NumPy's numbers up to Python 3.10 only.
            self.seed = int(seed)

        def __enter__(self):
            self.states = random.getstate(), np.random.get_state()
            random.seed(self.seed)
            np.random.seed(self.seed)

        def __exit__(self, *error):
            random.setstate(self.states[0])
            np.random.set_state(self.states[1])

    utils = types.ModuleType("utils")
    utils.get_local_dir, utils.TemporarilySeededRandom = None, TemporarilySeededRandom
    sys.modules["utils"] = utils
    spec = importlib.util.spec_from_file_location("reference_datasets", path)
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    # Processes of their own would have to import the module by its name.
    datasets.Dataset.map = lambda self, function, num_proc=None: datasets.Dataset.from_list([function(row) for row in self])
    reference.datasets.load_dataset = load_dataset
    return reference


def own_batches(names, split, batch_size, shuffle, seed, max_length, max_prompt_length, sft_mode, n_epochs=None, n_examples=None):
    flat = []
    for name in names:
        keep_end = name == "hh"
        flat += [(prompt, *said, keep_end) for prompt, said in READERS[name](split).items()]
    epoch_seeds = np.random.RandomState(seed).randint(0, 2**32, size=1000)
    epoch = read = 0
    while n_epochs is None or epoch < n_epochs:
        if shuffle:
            random.Random(int(epoch_seeds[epoch])).shuffle(flat)
        batch = []
        for prompt, responses, pairs, target, keep_end in flat:
            compared = [(target, target)] if sft_mode else [(responses[good], responses[bad]) for good, bad in pairs]
            for chosen, rejected in compared:
                batch.append(example_of(prompt, chosen, rejected, keep_end, max_length, max_prompt_length, sft_mode))
                read += 1
                if len(batch) < batch_size:
                    continue
                yield padded(batch)
                if n_examples is not None and read >= n_examples:
                    return
                batch = []
        epoch += 1


def example_of(prompt, chosen, rejected, keep_end, max_length, max_prompt_length, sft_mode):
    asked = list(prompt.encode("utf-8"))
    sides = {side: [*text.encode("utf-8"), EOS] for side, text in (("chosen", chosen), ("rejected", rejected))}
    longer = max(map(len, sides.values()))
    if len(asked) + longer > max_length:
        asked = asked[-max_prompt_length:] if keep_end else asked[:max_prompt_length]
    if len(asked) + longer > max_length:
        sides = {side: ids[: max_length - max_prompt_length] for side, ids in sides.items()}
    example = {"prompt": prompt}
    for side in ("chosen",) if sft_mode else ("chosen", "rejected"):
        example[f"{side}_input_ids"] = asked + sides[side]
        example[f"{side}_labels"] = [-100] * len(asked) + sides[side]
        example[f"{side}_attention_mask"] = [1] * (len(asked) + len(sides[side]))
    return example


def padded(batch):
    fill = {"ids": EOS, "labels": -100, "mask": 0}
    out = {}
    for key in batch[0]:
        values = [example[key] for example in batch]
        if key != "prompt":
            longest = max(map(len, values))
            values = [value + [fill[key.split("_")[-1]]] * (longest - len(value)) for value in values]
        out[key] = values
    return out


def read_hh(split):
    data = {}
    for row in rows_of("hh", split):
        end = row["chosen"].rindex("\n\nAssistant:") + len("\n\nAssistant:")
        prompt, chosen, rejected = row["chosen"][:end], row["chosen"][end:], row["rejected"][end:]
        responses, pairs, _ = data.get(prompt, ([], [], None))
        pairs.append((len(responses), len(responses) + 1))
        responses += [chosen, rejected]
        data[prompt] = responses, pairs, chosen
    return data


def read_shp(split):
    data, scores = {}, {}
    for row in rows_of("shp", split):
        a, b = row["score_A"], row["score_B"]
        if max(a / b, b / a) < 2:
            continue
        prompt = f"\n\nHuman: {row['history']}\n\nAssistant:"
        responses, pairs, _ = data.setdefault(prompt, ([], [], None))
        at = len(responses)
        pairs.append((at, at + 1) if row["labels"] == 1 else (at + 1, at))
        responses += [" " + row["human_ref_A"], " " + row["human_ref_B"]]
        scores.setdefault(prompt, []).extend([a, b])
    return {prompt: (responses, pairs, best(responses, scores[prompt])) for prompt, (responses, pairs, _) in data.items()}


def read_se(split):
    import datasets

    rows = datasets.Dataset.from_list(rows_of("se", "train")).shuffle(seed=42)
    held = int(len(rows) * 0.01)
    data = {}
    for row in rows.select(range(held) if split == "test" else range(held, len(rows))):
        responses = [" " + stripped(answer["text"]) for answer in row["answers"]]
        scores = [answer["pm_score"] for answer in row["answers"]]
        numbers = range(len(responses))
        pairs = [(i, j) if scores[i] > scores[j] else (j, i) for i in numbers for j in numbers if i < j]
        data[f"\n\nHuman: {stripped(row['question'])}\n\nAssistant:"] = responses, pairs, best(responses, scores)
    return data


def best(responses, scores):
    """A text that is there twice counts by its first score."""
    return max(responses, key=lambda text: scores[responses.index(text)])


def stripped(html):
    from bs4 import BeautifulSoup, NavigableString

    texts = []
    for element in BeautifulSoup(html, "html.parser").children:
        if element.name == "p":
            texts.append("".join(child for child in element.children if isinstance(child, NavigableString)))
        elif element.name in ("pre", "code"):
            codes = [element] if element.name == "code" else element.find_all("code")
            texts += [f"<code>{code.get_text()}</code>" for code in codes]
    return "\n\n".join(texts)


READERS = {"hh": read_hh, "shp": read_shp, "se": read_se}


def versions():
    import bs4
    import datasets

    return {"beautifulsoup4": bs4.__version__, "datasets": datasets.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
