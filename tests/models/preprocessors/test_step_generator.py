import torch

from emonext_mm.models.preprocessors.step_generator import StepGenerator

CPU = torch.device('cpu')


def numbers(generator):
    return torch.rand(4, generator=generator)


def test_streams_differ():
    torch.manual_seed(0)
    first, same, other = StepGenerator(1), StepGenerator(1), StepGenerator(2)
    drawn = numbers(first.make(CPU))
    assert torch.equal(drawn, numbers(same.make(CPU)))
    assert not torch.equal(drawn, numbers(other.make(CPU)))
    assert not torch.equal(drawn, numbers(first.make(CPU)))  # the next call


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    StepGenerator().make(CPU)
    assert torch.equal(torch.rand(3), expected)
