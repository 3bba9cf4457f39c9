"""GGUF files of every family, read by transformers' own loader: it makes the models' own tensors of them.

The golden is a digest of the tensors that were verified, which a test compares with those that are written.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import common
from oracle_families import uniform

# Families that transformers reads from GGUF, and how it misreads a configuration that it is not given: it knows of no
# scaled positions and takes a head's width, and Gemma's constants, from its defaults. Tensors alone are compared then.
LOADED = [
    "llama",
    "llama-3-rope",
    "deepseek-coder",
    "qwen2",
    "qwen3",
    "gemma2",
    "gemma3_text",
    "starcoder2",
    "phi3",
    "phi3-longrope",
    "gpt2",
]
# Keys of config.json that transformers reads from files of all of them.
KEYS = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"]


def make():
    import torch
    import transformers
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    families = json.loads((common.GOLDENS / "families.json").read_text(encoding="utf-8"))["models"]
    models = {}
    with tempfile.TemporaryDirectory() as folder:
        script = common.ROOT / "tests" / "oracles" / "export_gguf_families.ts"
        subprocess.run([common.deno(), "run", "-A", str(script), folder], check=True, cwd=common.ROOT)
        digests = json.loads((Path(folder) / "digests.json").read_text(encoding="utf-8"))
        for name in LOADED:
            config = dict(families[name]["config"])
            model_type = config.pop("model_type")
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **config))
            loaded = load_gguf_checkpoint(str(Path(folder) / f"{name}.gguf"), return_tensors=True, model_to_load=model)
            found = loaded["tensors"]
            for number, tensor in enumerate(families[name]["tensors"]):
                count = 1
                for n in tensor["shape"]:
                    count *= n
                values = tensor["offset"] + tensor["scale"] * uniform(number, count)
                wanted = torch.from_numpy(values.astype("float32")).reshape(tensor["shape"])
                same = found[tensor["name"]].float()
                assert same.shape == wanted.shape, (name, tensor["name"])
                # 1 + w of Gemma's norms is rounded.
                most = 2**-23 if model_type.startswith("gemma") and "norm" in tensor["name"] else 0
                assert (same - wanted).abs().max() <= most, (name, tensor["name"])
            if model_type != "gpt2":
                assert {key: loaded["config"][key] for key in KEYS} == {key: config[key] for key in KEYS}, name
            models[name] = {"tensors": len(families[name]["tensors"]), "tensors_sha256": digests[name]}
    return {"made_with": {"transformers": transformers.__version__}, "models": models}
