"""Names of tensors in GGUF as llama.cpp's `gguf` package maps them from the files' names, for the models of `families`."""

import json

import common

# model_type -> general.architecture, as convert_hf_to_gguf.py registers them; it has no GPT-J.
ARCHITECTURES = {
    "llama": "llama",
    "mistral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "starcoder2": "starcoder2",
    "phi3": "phi3",
    "gpt_neox": "gptneox",
    "gpt2": "gpt2",
}


def make():
    import gguf

    families = json.loads((common.GOLDENS / "families.json").read_text(encoding="utf-8"))
    by_name = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}
    out = {}
    for model, golden in families["models"].items():
        architecture = ARCHITECTURES.get(golden["config"]["model_type"])
        if architecture is None:
            continue
        layers = golden["config"].get("num_hidden_layers", golden["config"].get("n_layer"))
        mapping = gguf.get_tensor_name_map(by_name[architecture], layers)
        names = {}
        for tensor in golden["tensors"]:
            mapped = mapping.get_name(tensor["name"], try_suffixes=(".weight", ".bias"))
            assert mapped is not None, (model, tensor["name"])
            names[tensor["name"]] = mapped
        out[model] = {"architecture": architecture, "names": names}
    return out
