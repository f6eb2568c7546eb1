"""How pages and tables look, whatever they tell: messages, figures, blocks, one frame."""
