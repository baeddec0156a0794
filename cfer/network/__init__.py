"""The network: how a crop becomes input, a timm backbone, linear heads, and what a camera does to pictures."""
