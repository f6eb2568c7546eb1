"""Nets built in the usual ways, small, with every number of theirs drawn."""

import itertools

import torch
from torch import nn

from tenth.task import Task


def drawn(net):
    """The net in float64 and evaluation mode; norms are drawn as well."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return net.double().eval()


def task_of(given, call=lambda net, x: net(x)):
    """A task that is there for its first batch and its loss."""
    return Task(
        name="a loss",
        model=lambda: None,
        batches=lambda seed: [given],
        loss=lambda net, batch: call(net, batch).square().mean(),
        score=lambda net, split: 0.0,
        example=(given,),
    )


def mlp(*widths):
    layers = []
    for one, other in itertools.pairwise(widths):
        layers += [nn.Linear(one, other), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def conv(channels, hidden, deeper=False):
    def layer(given, out, stride=1):
        return [nn.Conv2d(given, out, 3, stride, 1), nn.BatchNorm2d(out), nn.ReLU()]

    return nn.Sequential(
        *layer(1, channels),
        *(layer(channels, channels) if deeper else []),
        *layer(channels, 2 * channels, 2),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * channels * 4, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),
    )


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm_one = nn.BatchNorm2d(channels)
        self.two = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm_two = nn.BatchNorm2d(channels)

    def forward(self, x):
        inner = torch.relu(self.norm_one(self.one(x)))
        return torch.relu(self.norm_two(self.two(inner)) + x)


class ResNet(nn.Module):
    def __init__(self, channels, blocks, depthwise=False):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3, padding=1)
        groups = channels if depthwise else 1
        self.wide = nn.Conv2d(channels, channels, 3, padding=1, groups=groups)
        self.blocks = nn.Sequential(*[Block(channels) for _ in range(blocks)])
        self.out = nn.Linear(channels, 10)

    def forward(self, x):
        x = torch.relu(self.wide(torch.relu(self.stem(x))))
        return self.out(self.blocks(x).mean((2, 3)))


class Encoder(nn.Module):
    """torch's own transformer layers, norms first."""

    def __init__(self, width, heads, layers):
        super().__init__()
        self.embed = nn.Linear(5, width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 2 * width, batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x)
        return self.out(x)


class Attention(nn.Module):
    """Heads whose number and size do not depend on the width."""

    def __init__(self, heads, size):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(5, heads * size) for _ in range(3))
        self.out = nn.Linear(heads * size, 3)

    def forward(self, x):
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = (query @ key.transpose(-1, -2)).softmax(-1)
        return self.out((scores @ value).transpose(1, 2).flatten(2))


def gpt(width, heads, layers):
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_embd": width, "n_head": heads, "n_layer": layers, "n_positions": 6}
    special = {"vocab_size": 7, "bos_token_id": 0, "eos_token_id": 0}
    return GPT2LMHeadModel(GPT2Config(**sizes, **special, initializer_range=0.5))


def bert(width, heads, layers, inner):
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": width, "num_attention_heads": heads, "num_hidden_layers": layers}
    more = {"vocab_size": 7, "max_position_embeddings": 6, "intermediate_size": inner}
    return BertModel(BertConfig(**sizes, **more, initializer_range=0.5), add_pooling_layer=False)


def vit(width, heads, layers):
    from transformers import ViTConfig, ViTModel

    sizes = {"hidden_size": width, "num_attention_heads": heads, "num_hidden_layers": layers}
    more = {"intermediate_size": 12, "image_size": 8, "patch_size": 4, "num_channels": 1}
    return ViTModel(ViTConfig(**sizes, **more, initializer_range=0.5), add_pooling_layer=False)


def llama(width, heads, groups, layers):
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": width, "num_attention_heads": heads, "num_key_value_heads": groups}
    more = {"num_hidden_layers": layers, "head_dim": 4, "intermediate_size": 12, "vocab_size": 7}
    special = {"bos_token_id": 0, "eos_token_id": 0, "max_position_embeddings": 6}
    return LlamaForCausalLM(LlamaConfig(**sizes, **more, **special, initializer_range=0.5))


POINTS = torch.randn(5, 6, generator=torch.Generator().manual_seed(1)).double()
IMAGES = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(1)).double()
TOKENS = torch.randint(0, 7, (2, 5), generator=torch.Generator().manual_seed(1))


def logits(net, tokens):
    return net(input_ids=tokens).logits


def hidden(net, tokens):
    return net(input_ids=tokens).last_hidden_state


def patches(net, images):
    return net(pixel_values=images).last_hidden_state[..., :8]
