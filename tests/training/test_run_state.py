import torch

from cfer.training.run_state import flatten_optimizer, restore_optimizer


def test_an_optimizer_goes_on_exactly_where_it_was():
    def fresh():
        weight = torch.nn.Parameter(torch.ones(3))
        return weight, torch.optim.AdamW([weight], 0.1)

    def advance(weight, optimizer, steps):
        for i in range(steps):
            optimizer.zero_grad()
            (weight * torch.tensor([1.0, -2.0, 0.5 * i])).sum().backward()
            optimizer.step()

    weight, optimizer = fresh()
    advance(weight, optimizer, 3)
    other, restored = fresh()
    with torch.no_grad():
        other.copy_(weight)
    restore_optimizer(restored, flatten_optimizer(optimizer))
    advance(weight, optimizer, 2)
    advance(other, restored, 2)
    assert torch.equal(weight, other)
